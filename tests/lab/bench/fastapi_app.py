"""The same routes with FastAPI, as its documentation recommends: pydantic models for request and
response bodies, SQLAlchemy's AsyncSession through Depends. Like the other peers, it uses no
transaction for a single statement (AUTOCOMMIT) and no log."""
import base64
import crypt
import hashlib
import os
import secrets
import time
from datetime import datetime
from enum import Enum
from typing import List, Optional
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from pydantic import BaseModel, constr
from sqlalchemy import Column, DateTime, FetchedValue, Text, func, insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base, sessionmaker

KEY, ISSUER, AUDIENCE = (os.environ[n] for n in ("JWT_SECRET_KEY", "JWT_ISSUER", "JWT_AUDIENCE"))
engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:", 1),
                             isolation_level="AUTOCOMMIT")
new_session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
Base = declarative_base()
uuid = postgresql.UUID(as_uuid=True)


class Item(Base):
    __tablename__ = "items"
    id = Column(uuid, primary_key=True, server_default=FetchedValue())
    owner_id = Column(uuid)
    title = Column(Text)
    description = Column(Text)
    status = Column(Text)
    created_at = Column(DateTime(timezone=True), server_default=FetchedValue())
    updated_at = Column(DateTime(timezone=True), server_default=FetchedValue())


class Status(str, Enum):
    draft = "draft"
    active = "active"
    archived = "archived"


class NewItem(BaseModel):
    title: constr(min_length=1, max_length=200)
    description: Optional[constr(max_length=5000)] = None
    status: Status = Status.active

    class Config:
        extra = "forbid"


class ItemOut(BaseModel):
    id: UUID
    owner_id: UUID
    title: str
    description: Optional[str]
    status: str
    created_at: datetime
    updated_at: datetime

    class Config:
        orm_mode = True
        json_encoders = {datetime: lambda t: t.isoformat(timespec="microseconds")[:-6] + "Z"}


class Page(BaseModel):
    items: List[ItemOut]
    total: int
    limit: int
    offset: int
    next_cursor: Optional[str] = None

    class Config(ItemOut.Config):
        pass


class Credentials(BaseModel):
    email: str
    password: constr(max_length=128)


class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"
    expires_in: int = 900
    refresh_expires_in: int = 2592000


COLUMNS = "id, owner_id, title, description, status, created_at, updated_at"
FOUND = """(SELECT items.*, ((ts_rank(search, (SELECT websearch_to_tsquery('english', :q)))
    + ts_rank(search, (SELECT search_query(:q)), 1) / 100) * 1000000)::bigint AS rank
    FROM items WHERE search @@ search_query(:q) AND owner_id = :owner LIMIT 10000) AS found"""
SEARCH = text(f"SELECT {COLUMNS}, (SELECT count(*) FROM {FOUND}) AS total FROM {FOUND}"
              " ORDER BY rank DESC, id DESC LIMIT :limit OFFSET :offset")
ACCOUNT = text("SELECT id, role, password_hash FROM users WHERE lower(email) = lower(:email) AND is_active")
SESSION = text("""WITH seen AS (UPDATE users SET last_login_at = now() WHERE id = :id), made AS (
    INSERT INTO sessions (user_id, expires_at, user_agent)
    VALUES (:id, now() + interval '30 days', :agent) RETURNING id), token AS (
    INSERT INTO refresh_tokens (session_id, token_hash, expires_at)
    SELECT id, :hash, now() + interval '30 days' FROM made) SELECT id FROM made""")

app = FastAPI()
bearer = HTTPBearer()


async def database():
    async with new_session() as session:
        yield session


async def caller(token=Depends(bearer)):
    try:
        return UUID(jwt.decode(token.credentials, KEY, ["HS256"], issuer=ISSUER, audience=AUDIENCE)["sub"])
    except (jwt.PyJWTError, ValueError):
        raise HTTPException(401)


@app.get("/health/live")
async def live():
    return {"status": "ok"}


@app.get("/api/v1/items", response_model=Page)
async def list_items(limit: int = Query(20, ge=1, le=100), offset: int = Query(0, ge=0),
                     owner: UUID = Depends(caller), db: AsyncSession = Depends(database)):
    total = select(func.count()).select_from(Item).where(Item.owner_id == owner).scalar_subquery()
    rows = (await db.execute(select(Item, total).where(Item.owner_id == owner).order_by(
        Item.created_at.desc(), Item.id.desc()).limit(limit).offset(offset))).all()
    return {"items": [row[0] for row in rows], "total": rows[0][1] if rows else 0, "limit": limit, "offset": offset}


@app.get("/api/v1/items/search", response_model=Page)
async def search_items(q: str = Query(min_length=1, max_length=200), limit: int = Query(20, ge=1, le=100),
                       offset: int = Query(0, ge=0), owner: UUID = Depends(caller),
                       db: AsyncSession = Depends(database)):
    rows = (await db.execute(SEARCH, {"q": q, "owner": owner, "limit": limit, "offset": offset})).all()
    return {"items": rows, "total": rows[0].total if rows else 0, "limit": limit, "offset": offset}


@app.get("/api/v1/items/{id}", response_model=ItemOut)
async def show_item(id: UUID, owner: UUID = Depends(caller), db: AsyncSession = Depends(database)):
    item = (await db.execute(select(Item).where(Item.id == id, Item.owner_id == owner))).scalar_one_or_none()
    if item is None:
        raise HTTPException(404)
    return item


@app.post("/api/v1/items", response_model=ItemOut, status_code=201)
async def create_item(item: NewItem, response: Response, owner: UUID = Depends(caller),
                      db: AsyncSession = Depends(database)):
    row = (await db.execute(insert(Item).values(
        owner_id=owner, title=item.title, description=item.description,
        status=item.status.value).returning(*Item.__table__.columns))).one()
    response.headers["Location"] = f"/api/v1/items/{row.id}"
    return row


@app.post("/api/v1/auth/login", response_model=Tokens)
async def login(body: Credentials, request: Request, db: AsyncSession = Depends(database)):
    user = (await db.execute(ACCOUNT, {"email": body.email})).one_or_none()
    hashed = user and await run_in_threadpool(crypt.crypt, body.password, user.password_hash)
    if not user or not secrets.compare_digest(hashed, user.password_hash):
        raise HTTPException(401)
    refresh = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    session = (await db.execute(SESSION, {
        "id": user.id, "agent": request.headers.get("user-agent"),
        "hash": hashlib.sha256(refresh.encode()).digest()})).scalar_one()
    now = int(time.time())
    return Tokens(refresh_token=refresh, access_token=jwt.encode(
        {"sub": str(user.id), "sid": str(session), "role": user.role, "iss": ISSUER, "aud": AUDIENCE,
         "iat": now, "exp": now + 900}, KEY, "HS256"))
