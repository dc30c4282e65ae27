// The same routes in Go: net/http, pgx's pool, golang-jwt; one process that uses all cores. No log.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	columns = "id, owner_id, title, description, status, created_at, updated_at"
	find    = "SELECT " + columns + " FROM items WHERE id = $1 AND owner_id = $2"
	list    = "SELECT " + columns + ", (SELECT count(*) FROM items WHERE owner_id = $1) FROM items" +
		" WHERE owner_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3"
	found = "(SELECT items.*, ((ts_rank(search, (SELECT websearch_to_tsquery('english', $1)))" +
		" + ts_rank(search, (SELECT search_query($1)), 1) / 100) * 1000000)::bigint AS rank" +
		" FROM items WHERE search @@ search_query($1) AND owner_id = $2 LIMIT 10000) AS found"
	search = "SELECT " + columns + ", (SELECT count(*) FROM " + found + ") FROM " + found +
		" ORDER BY rank DESC, id DESC LIMIT $3 OFFSET $4"
	create = "INSERT INTO items (owner_id, title, description, status) VALUES ($1, $2, $3, $4)" +
		" RETURNING " + columns
)

type moment time.Time

func (m moment) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(m).UTC().Format(`"2006-01-02T15:04:05.000000Z"`)), nil
}

type item struct {
	ID          string  `json:"id"`
	OwnerID     string  `json:"owner_id"`
	Title       string  `json:"title"`
	Description *string `json:"description"`
	Status      string  `json:"status"`
	CreatedAt   moment  `json:"created_at"`
	UpdatedAt   moment  `json:"updated_at"`
}

func (i *item) members() []any {
	return []any{&i.ID, &i.OwnerID, &i.Title, &i.Description, &i.Status,
		(*time.Time)(&i.CreatedAt), (*time.Time)(&i.UpdatedAt)}
}

type page struct {
	Items      []item  `json:"items"`
	Total      int64   `json:"total"`
	Limit      int     `json:"limit"`
	Offset     int     `json:"offset"`
	NextCursor *string `json:"next_cursor"`
}

var (
	pool   *pgxpool.Pool
	key    = []byte(os.Getenv("JWT_SECRET_KEY"))
	parser = jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(),
		jwt.WithIssuer(os.Getenv("JWT_ISSUER")), jwt.WithAudience(os.Getenv("JWT_AUDIENCE")))
)

func send(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		log.Print(err)
	}
}

func refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		http.Error(w, "not found", http.StatusNotFound)
	default:
		log.Print(err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

type handler func(w http.ResponseWriter, r *http.Request, user string)

func signedIn(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var claims jwt.RegisteredClaims
		credentials := r.Header.Get("Authorization")
		token := strings.TrimPrefix(credentials, "Bearer ")
		_, err := parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return key, nil })
		if token == credentials || err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		handle(w, r, claims.Subject)
	}
}

func parameter(r *http.Request, name string, usual, least, most int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= least && n <= most
}

func sendPage(w http.ResponseWriter, r *http.Request, sql string, arguments ...any) {
	limit, fine := parameter(r, "limit", 20, 1, 100)
	offset, fineToo := parameter(r, "offset", 0, 0, 1<<31-1)
	if !fine || !fineToo {
		http.Error(w, "limit or offset", http.StatusUnprocessableEntity)
		return
	}
	answer := page{Items: make([]item, 0, limit), Limit: limit, Offset: offset}
	rows, err := pool.Query(r.Context(), sql, append(arguments, limit, offset)...)
	if err != nil {
		refuse(w, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var i item
		if err = rows.Scan(append(i.members(), &answer.Total)...); err != nil {
			refuse(w, err)
			return
		}
		answer.Items = append(answer.Items, i)
	}
	if err = rows.Err(); err != nil {
		refuse(w, err)
		return
	}
	send(w, http.StatusOK, answer)
}

func showItem(w http.ResponseWriter, r *http.Request, user string) {
	var i item
	id := strings.TrimPrefix(r.URL.Path, "/api/v1/items/")
	if err := pool.QueryRow(r.Context(), find, id, user).Scan(i.members()...); err != nil {
		refuse(w, err)
		return
	}
	send(w, http.StatusOK, i)
}

func listItems(w http.ResponseWriter, r *http.Request, user string) { sendPage(w, r, list, user) }

func searchItems(w http.ResponseWriter, r *http.Request, user string) {
	q := r.URL.Query().Get("q")
	if length := utf8.RuneCountInString(q); length < 1 || length > 200 {
		http.Error(w, "q", http.StatusUnprocessableEntity)
		return
	}
	sendPage(w, r, search, pgx.QueryExecModeCacheDescribe, q, user) // not prepared, so that it is planned for the words
}

func createItem(w http.ResponseWriter, r *http.Request, user string) {
	body := struct {
		Title       string  `json:"title"`
		Description *string `json:"description"`
		Status      string  `json:"status"`
	}{Status: "active"}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&body) != nil || body.Title == "" || utf8.RuneCountInString(body.Title) > 200 ||
		body.Description != nil && utf8.RuneCountInString(*body.Description) > 5000 ||
		body.Status != "draft" && body.Status != "active" && body.Status != "archived" {
		http.Error(w, "the item is not valid", http.StatusUnprocessableEntity)
		return
	}
	var i item
	row := pool.QueryRow(r.Context(), create, user, body.Title, body.Description, body.Status)
	if err := row.Scan(i.members()...); err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Location", "/api/v1/items/"+i.ID)
	send(w, http.StatusCreated, i)
}

func live(w http.ResponseWriter, _ *http.Request) {
	send(w, http.StatusOK, map[string]string{"status": "ok"})
}

func method(routes map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if handle, known := routes[r.Method]; known {
			handle(w, r)
			return
		}
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	}
}

func main() {
	var err error
	if pool, err = pgxpool.New(context.Background(), os.Getenv("DATABASE_URL")); err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/health/live", method(map[string]http.HandlerFunc{"GET": live}))
	mux.HandleFunc("/api/v1/items", method(map[string]http.HandlerFunc{
		"GET": signedIn(listItems), "POST": signedIn(createItem)}))
	mux.HandleFunc("/api/v1/items/search", method(map[string]http.HandlerFunc{"GET": signedIn(searchItems)}))
	mux.HandleFunc("/api/v1/items/", method(map[string]http.HandlerFunc{"GET": signedIn(showItem)}))
	listener, err := net.Listen("unix", os.Getenv("SOCKET"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, mux))
}
