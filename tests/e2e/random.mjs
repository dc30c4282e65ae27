// A pseudorandom generator (Mulberry32): the same seed gives the same sequence.
export function chance(seed) {
	let state = Number(seed);
	const random = (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
	return { random, any: (list) => list[random(list.length)] };
}
