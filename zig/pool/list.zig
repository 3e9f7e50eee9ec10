//! A list whose links are in what it lists: nothing is allocated, and everything can leave it at
//! once. Whoever has the pool's lock may use the pool's lists.

pub fn List(comptime T: type) type {
    return struct {
        head: ?*T = null,
        tail: ?*T = null,
        length: u32 = 0,

        const Self = @This();

        pub noinline fn push(list: *Self, item: *T) void {
            item.previous = list.tail;
            item.next = null;
            if (list.tail) |tail| tail.next = item else list.head = item;
            list.tail = item;
            list.length += 1;
        }

        pub noinline fn remove(list: *Self, item: *T) void {
            if (item.previous) |previous| previous.next = item.next else list.head = item.next;
            if (item.next) |next| next.previous = item.previous else list.tail = item.previous;
            item.previous = null;
            item.next = null;
            list.length -= 1;
        }
    };
}
