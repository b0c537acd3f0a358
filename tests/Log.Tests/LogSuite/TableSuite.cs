using System.Globalization;
using System.Text;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;

namespace Loire.Log.Tests.LogSuite;

/// <summary>The tables that are stored beside a log: pages that its owner understands. One class per store derives from it.</summary>
public abstract class TableSuite : OnAnyStore
{
    [Fact]
    public void A_table_is_there_once_its_last_page_is_written_and_stays_for_later_owners() => Run(
        async bench =>
        {
            var log = await FilledAsync(bench);
            var table = new LogTable(TableKind.Keys, new Offset(20), 7, 3);
            Assert.Equal(ErrorCode.None, await log.WriteTableAsync(table, 0, Pages(table, 0, 2), default));
            Assert.Null(log.Table(TableKind.Keys));
            table = table with { Entries = 5 };
            Assert.Equal(ErrorCode.None, await log.WriteTableAsync(table, 2, Pages(table, 2, 1), Mark(20)));
            Assert.Equal((table, Mark(20)), (log.Table(TableKind.Keys), log.Compaction));
            await log.DisposeAsync();
            await bench.ReopenStoreAsync();
            foreach (var opened in new[] { await bench.LeadAsync(), await bench.OpenAsync() })
            {
                Assert.Equal(table, opened.Table(TableKind.Keys));
                for (var page = 0; page < 3; page++)
                {
                    Assert.Equal((ErrorCode.None, Text(table, page)), await ReadAsync(opened, table, page));
                }
            }
        },
        Small);

    [Fact]
    public void The_next_table_takes_the_place_of_the_one_before_once_it_is_complete() => Run(
        async bench =>
        {
            var log = await FilledAsync(bench);
            var (first, begun, next) = (new LogTable(TableKind.Keys, new Offset(10), 1, 2), new LogTable(TableKind.Keys, new Offset(15), 1, 2), new LogTable(TableKind.Keys, new Offset(20), 1, 1));
            Assert.Equal(ErrorCode.None, await log.WriteTableAsync(first, 0, Pages(first, 0, 2), Mark(10)));
            Assert.Equal(ErrorCode.None, await log.WriteTableAsync(begun, 0, Pages(begun, 0, 1), Mark(15)));
            Assert.Equal(first, log.Table(TableKind.Keys));
            Assert.Equal((ErrorCode.None, Text(first, 1)), await ReadAsync(log, first, 1));

            Assert.Equal(ErrorCode.None, await log.WriteTableAsync(next, 0, Pages(next, 0, 1), Mark(20)));
            Assert.Equal(next, log.Table(TableKind.Keys));
            Assert.Equal(ErrorCode.OffsetNotAvailable, (await log.ReadTableAsync(first, 0, caches: true)).Error);
            Assert.Equal((ErrorCode.None, Text(next, 0)), await ReadAsync(log, next, 0));
        },
        Small);

    [Fact]
    public void Only_a_leader_writes_a_table() => Run(
        async bench =>
        {
            _ = await FilledAsync(bench);
            var table = new LogTable(TableKind.Keys, new Offset(10), 1, 1);
            var reader = await bench.OpenAsync();
            Assert.Equal(ErrorCode.NotLeaderOrFollower, await reader.WriteTableAsync(table, 0, Pages(table, 0, 1), Mark(10)));
            Assert.Null(reader.Table(TableKind.Keys));
        },
        Small);

    private static CompactionMark Mark(long cleanTo) => new(new Offset(cleanTo), new Offset(cleanTo), new Offset(cleanTo));

    private static async Task<PartitionLog> FilledAsync(LogBench bench)
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 24; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, string.Create(CultureInfo.InvariantCulture, $"value{i}")));
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        return log;
    }

    private static ReadOnlyMemory<byte>[] Pages(LogTable table, int from, int count) =>
        [.. Enumerable.Range(from, count).Select(page => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(Text(table, page))))];

    // The second page is empty: no key has fallen into its share.
    private static string Text(LogTable table, int page) =>
        page == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"page {page} of the table up to {table.End}");

    private static async Task<(ErrorCode Error, string Text)> ReadAsync(PartitionLog log, LogTable table, int page)
    {
        var (error, bytes) = await log.ReadTableAsync(table, page, caches: true);
        return (error, Encoding.UTF8.GetString(bytes.Span));
    }
}
