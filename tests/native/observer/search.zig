//! Counts many patterns in one pass over many bytes.

const std = @import("std");

/// More than any pattern has.
pub const pattern_length_max = 128;
const pattern_length_min = 8;

const none = std.math.maxInt(u32);

pub const Search = struct {
    patterns: []const []const u8,
    /// How often each pattern was found.
    counts: []u64,
    /// The address (or offset) at which it was found last; 0 if it was not.
    places: []u64,
    /// How many bytes were searched.
    bytes: u64 = 0,
    /// Whether any pattern begins with four bytes of that hash: one look for most bytes.
    filter: [1 << 10]u64 = @splat(0),
    /// For each hash the first pattern, for each pattern the next one of the same hash.
    heads: [1 << 16]u32 = @splat(none),
    next: []u32,

    pub fn init(allocator: std.mem.Allocator, patterns: []const []const u8) !Search {
        var search: Search = .{
            .patterns = patterns,
            .counts = try allocator.alloc(u64, patterns.len),
            .places = try allocator.alloc(u64, patterns.len),
            .next = try allocator.alloc(u32, patterns.len),
        };
        @memset(search.counts, 0);
        @memset(search.places, 0);
        for (patterns, 0..) |pattern, index| {
            if (pattern.len < pattern_length_min) return error.PatternTooShort;
            if (pattern.len > pattern_length_max) return error.PatternTooLong;
            const hash = hashOf(pattern);
            search.filter[hash >> 6] |= @as(u64, 1) << @truncate(hash);
            search.next[index] = search.heads[hash];
            search.heads[hash] = @intCast(index);
        }
        return search;
    }

    /// Searches `bytes`, of which the first `carried` were searched before: they are here
    /// again for what begins in them and ends behind them. `place` is where they begin.
    pub fn feed(search: *Search, bytes: []const u8, carried: usize, place: usize) void {
        search.bytes += bytes.len - carried;
        if (bytes.len < pattern_length_min) return;
        for (0..bytes.len - pattern_length_min + 1) |at| {
            const hash = hashOf(bytes[at..]);
            if (search.filter[hash >> 6] >> @truncate(hash) & 1 == 0) continue;
            var index = search.heads[hash];
            while (index != none) : (index = search.next[index]) {
                const pattern = search.patterns[index];
                if (at + pattern.len <= carried) continue;
                if (!std.mem.startsWith(u8, bytes[at..], pattern)) continue;
                search.counts[index] += 1;
                search.places[index] = place + at;
            }
        }
    }
};

fn hashOf(bytes: []const u8) u16 {
    return @truncate(std.mem.readInt(u32, bytes[0..4], .little) *% 0x9e3779b1 >> 16);
}

/// Reads a run of bytes piece by piece and feeds it to a search, without losing what lies
/// across two pieces.
pub const Feeder = struct {
    search: *Search,
    carried: usize = 0,
    buffer: [pattern_length_max + (1 << 20)]u8 = undefined,

    /// Where the next bytes of the run go: at most `length` of them.
    pub fn room(feeder: *Feeder, length: usize) []u8 {
        const rest = feeder.buffer[feeder.carried..];
        return rest[0..@min(rest.len, length)];
    }

    /// So many bytes were put there, which come from `place`.
    pub fn took(feeder: *Feeder, length: usize, place: usize) void {
        const all = feeder.buffer[0 .. feeder.carried + length];
        feeder.search.feed(all, feeder.carried, place - feeder.carried);
        feeder.carried = @min(all.len, pattern_length_max - 1);
        @memmove(feeder.buffer[0..feeder.carried], all[all.len - feeder.carried ..]);
    }

    /// What comes next does not follow what came before.
    pub fn cut(feeder: *Feeder) void {
        feeder.carried = 0;
    }
};
