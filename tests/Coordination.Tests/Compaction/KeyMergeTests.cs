using System.Globalization;
using System.Text;
using Loire.Coordination.Compaction;
using Loire.Model;

namespace Loire.Coordination.Tests.Compaction;

/// <summary>Tables of keys, made pass after pass from the one before and what each pass has learned.</summary>
public class KeyMergeTests
{
    private const int PerPage = 16;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly Timestamp Noon = new(1_767_268_800_000);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void After_any_passes_a_table_has_the_last_offset_of_every_key_and_no_other_key(int seed)
    {
        var random = new Random(seed);
        var (last, table, offset) = (new Dictionary<string, long>(), new List<ReadOnlyMemory<byte>>(), 0L);
        for (var pass = 0; pass < 8; pass++)
        {
            var records = random.Next(0, 700);
            var map = new OffsetMap(OffsetMap.SlotsFor(records));
            for (var i = 0; i < records; i++, offset++)
            {
                var key = Key(random.Next(1_000));
                Assert.True(map.TrySet(Encoding.UTF8.GetBytes(key), new Offset(offset), isDeleted: random.Next(5) == 0));
                last[key] = offset;
            }

            table = Merged(table, map, keysBefore: last.Count, out var keys);
            Assert.Equal(last.Count, keys);
            foreach (var i in Enumerable.Range(0, 1_100))
            {
                var expected = last.TryGetValue(Key(i), out var known) ? known.ToString(CultureInfo.InvariantCulture) : "none";
                Assert.True(Found(table, Key(i)) == expected, $"seed {seed}, pass {pass}, {Key(i)}: {Found(table, Key(i))}, not {expected}");
            }
        }
    }

    [Fact]
    public void The_pages_of_a_table_are_about_equally_long_and_none_is_left_out()
    {
        var map = new OffsetMap(OffsetMap.SlotsFor(10_000));
        for (var i = 0; i < 10_000; i++)
        {
            map.TrySet(BitConverter.GetBytes(i), new Offset(i));
        }

        var table = Merged([], map, 0, out _);
        Assert.Equal(625, table.Count);
        Assert.All(table, page => Assert.InRange(page.Length / KeyPage.EntryBytes, 1, 3 * PerPage));
        Assert.Equal(10_000, table.Sum(page => page.Length / KeyPage.EntryBytes));
        Assert.All(table, page => Assert.True(KeyPage.IsSound(page.Span)));
    }

    [Fact]
    public void A_deletion_stays_until_its_time_has_passed_and_then_its_key_is_gone()
    {
        var table = Merged([], Map("a=", "b", "c="), 0, out _);
        Assert.Equal("0 1 2", string.Join(' ', Found(table, "a"), Found(table, "b"), Found(table, "c")));
        table = Merged(table, Map(), 3, out var keys, now: After(Day - TimeSpan.FromMinutes(1)));
        Assert.Equal((3, "1"), (keys, Found(table, "b")));

        // Another pass, a day and the rest of its last hour later.
        table = Merged(table, Map(), 3, out keys, now: After(Day + TimeSpan.FromHours(1)));
        Assert.Equal(2, keys);
        Assert.Equal("0 none 2", string.Join(' ', Found(table, "a"), Found(table, "b"), Found(table, "c")));
    }

    [Fact]
    public void A_key_that_was_written_again_after_its_deletion_stays()
    {
        var table = Merged([], Map("a", "b"), 0, out _);
        var map = new OffsetMap(8);
        map.TrySet("a"u8, new Offset(7));
        table = Merged(table, map, 2, out _);
        table = Merged(table, Map(), 2, out var keys, now: After(Day * 2));
        Assert.Equal((1, "7", "none"), (keys, Found(table, "a"), Found(table, "b")));
    }

    [Fact]
    public void Deletions_that_never_have_their_time_stay()
    {
        var table = Merged([], Map("a"), 0, out _, tombstoneTime: TimeSpan.MaxValue);
        table = Merged(table, Map(), 1, out var keys, now: new Timestamp(long.MaxValue), tombstoneTime: TimeSpan.MaxValue);
        Assert.Equal((1, "0"), (keys, Found(table, "a")));
    }

    [Fact]
    public void What_lies_before_the_start_of_the_log_is_left_out()
    {
        var table = Merged([], Map("a=", "b=", "c="), 0, out _);
        table = Merged(table, Map(), 3, out var keys, start: 2);
        Assert.Equal(1, keys);
        Assert.Equal("none none 2", string.Join(' ', Found(table, "a"), Found(table, "b"), Found(table, "c")));
        _ = Merged([], Map("a=", "b="), 0, out keys, start: 9);
        Assert.Equal(0, keys);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(10, 8)]
    [InlineData(64, 51)]
    [InlineData(5_000, 4_000)]
    public void A_map_gives_its_keys_in_the_order_of_their_hashes_be_it_full(int slots, int keys)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var map = new OffsetMap(slots);
            for (var i = 0; i < keys; i++)
            {
                Assert.True(map.TrySet(Encoding.UTF8.GetBytes($"{seed}/{i}"), new Offset(i), i % 2 == 0));
            }

            var entries = map.InOrder().ToList();
            Assert.Equal(Enumerable.Range(0, keys), entries.Select(entry => (int)entry.Last.Value).Order());
            Assert.Equal(entries.OrderBy(entry => entry.Hash), entries);
            Assert.All(entries, entry => Assert.Equal(entry.Last.Value % 2 == 0, entry.IsDeleted));
            if (slots > 1_000)
            {
                break;
            }
        }
    }

    [Fact]
    public void A_map_without_what_lies_before_an_offset_has_the_rest_in_less_memory()
    {
        var map = new OffsetMap(OffsetMap.SlotsFor(1_000));
        for (var i = 0; i < 1_000; i++)
        {
            map.TrySet(BitConverter.GetBytes(i), new Offset(i), i == 995);
        }

        var rest = map.From(new Offset(990), 16);
        Assert.Equal((10, 16), (rest.Count, rest.Slots));
        Assert.Equal(Enumerable.Range(990, 10), rest.InOrder().Select(entry => (int)entry.Last.Value).Order());
        Assert.Equal(995, rest.InOrder().Single(entry => entry.IsDeleted).Last.Value);
        Assert.False(rest.TryGet(BitConverter.GetBytes(989), out _));
        Assert.Empty(map.From(new Offset(1_000), 2).InOrder());
    }

    private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key {i}");

    private static Timestamp After(TimeSpan time) => new(Noon.Milliseconds + (long)time.TotalMilliseconds);

    /// <summary>A map of keys at the offsets 0, 1, …: "key=" with a value, "key" without one.</summary>
    private static OffsetMap Map(params string[] records)
    {
        var map = new OffsetMap(16);
        for (var i = 0; i < records.Length; i++)
        {
            map.TrySet(Encoding.UTF8.GetBytes(records[i].TrimEnd('=')), new Offset(i), !records[i].EndsWith('='));
        }

        return map;
    }

    private static List<ReadOnlyMemory<byte>> Merged(
        List<ReadOnlyMemory<byte>> before, OffsetMap map, long keysBefore, out long keys, Timestamp? now = null, TimeSpan? tombstoneTime = null,
        long start = 0)
    {
        var pages = KeyPage.PagesFor(keysBefore + map.Count, PerPage);
        using var merge = new KeyMerge(map, pages, new Offset(start), now ?? Noon, tombstoneTime ?? Day);
        var next = new List<ReadOnlyMemory<byte>>();
        foreach (var page in before)
        {
            merge.Add(page.Span);
            Take(merge, next);
        }

        merge.End();
        Take(merge, next);
        Assert.Equal(pages, next.Count);
        keys = merge.Keys;
        return next;
    }

    private static void Take(KeyMerge merge, List<ReadOnlyMemory<byte>> pages)
    {
        while (merge.TryTake(out var page))
        {
            pages.Add(page);
        }
    }

    private static string Found(List<ReadOnlyMemory<byte>> table, string key)
    {
        var hash = OffsetMap.HashOf(Encoding.UTF8.GetBytes(key));
        return KeyPage.TryFind(table[KeyPage.PageOf(hash, table.Count)].Span, hash, out var last) ? last.ToString() : "none";
    }
}
