using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>What is left of stored tables, and what damage and other owners do to them. Crashes at each call are in <see cref="CrashSweep"/>.</summary>
public sealed class TableOutcomes
{
    private static readonly LogTable First = new(TableKind.Keys, new Offset(10), 1, 3);
    private static readonly LogTable Begun = new(TableKind.Keys, new Offset(15), 1, 2);
    private static readonly LogTable Next = new(TableKind.Keys, new Offset(20), 1, 1);

    [Fact]
    public void Nothing_is_left_of_a_table_that_was_replaced_or_not_completed() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        await WriteAsync(log, First, 3);
        await WriteAsync(log, Begun, 1);
        Assert.Empty(await LogAudit.FindAsync(bench.Store, bench.Store, bench.Time));
        await WriteAsync(log, Next, 1);
        await log.Maintenance;
        Assert.Single(Parts(bench));
        await log.DisposeAsync();
        Assert.Empty(await LogAudit.FindAsync(bench.Store, bench.Store, bench.Time));
    });

    [Fact]
    public void The_deletion_of_a_log_deletes_its_table_and_the_one_that_was_begun() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        await WriteAsync(log, First, 3);
        await WriteAsync(log, Begun, 1);
        Assert.Equal(4, Parts(bench).Length);
        Assert.Equal(ErrorCode.None, await bench.New().DeleteAsync(CancellationToken.None));
        Assert.Empty(bench.Store.Keys);
    });

    [Fact]
    public void A_damaged_page_is_told_and_the_next_table_takes_its_place() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        await WriteAsync(log, First, 3);
        var bytes = bench.Store.Find(Parts(bench)[1])!;
        bytes[^1] ^= 1;
        bench.Store.Replace(Parts(bench)[1], bytes);
        Assert.Equal(ErrorCode.CorruptMessage, (await log.ReadTableAsync(First, 1, caches: true)).Error);
        Assert.Equal(ErrorCode.None, (await log.ReadTableAsync(First, 2, caches: true)).Error);
        await WriteAsync(log, Next, 1);
        Assert.Equal(ErrorCode.None, (await log.ReadTableAsync(Next, 0, caches: true)).Error);
        await log.Maintenance;
        Assert.Single(Parts(bench));
    });

    [Fact]
    public void A_page_of_another_place_or_table_is_not_taken_for_the_one_that_is_asked_for() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        await WriteAsync(log, First, 3);
        bench.Store.Replace(Parts(bench)[1], bench.Store.Find(Parts(bench)[0])!);
        Assert.Equal(ErrorCode.CorruptMessage, (await log.ReadTableAsync(First, 1, caches: true)).Error);
    });

    [Fact]
    public void Pages_that_storage_cannot_read_or_write_now_are_read_and_written_later() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        bench.Script.On(PartCreate, StorageFault.Refuse(new StorageFullException("Full.")));
        Assert.Equal(ErrorCode.KafkaStorageError, await log.WriteTableAsync(First, 0, Pages(3), default));
        await WriteAsync(log, First, 3);
        bench.Script.On(ReadOf("/part/"), StorageFault.Refuse(new IOException("away")));
        Assert.Equal(ErrorCode.KafkaStorageError, (await log.ReadTableAsync(First, 0, caches: true)).Error);
        Assert.Equal(ErrorCode.None, (await log.ReadTableAsync(First, 0, caches: true)).Error);
        await log.DisposeAsync();
        Assert.Empty(await LogAudit.FindAsync(bench.Store, bench.Store, bench.Time));
    });

    [Fact]
    public void While_storage_refuses_deletions_no_table_is_replaced_any_more_and_a_first_one_is_written() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        bench.Script.On(Clear, StorageFault.Refuse(new IOException("kept")), times: int.MaxValue);
        var (error, tables) = (ErrorCode.None, 0);
        for (; error == ErrorCode.None && tables < 1_000; tables++)
        {
            error = await log.WriteTableAsync(Next, 0, Pages(1));
        }

        Assert.Equal((ErrorCode.KafkaStorageError, true), (error, tables is > 200 and < 1_000));
        Assert.Equal(ErrorCode.None, await log.WriteTableAsync(Next with { Kind = TableKind.Producers }, 0, Pages(1)));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "goes on"));
    });

    [Fact]
    public void A_reader_whose_table_another_owner_has_replaced_learns_that() => Run(async bench =>
    {
        var log = await FilledAsync(bench);
        await WriteAsync(log, First, 3);
        bench.Cache = new ObjectCache(0);
        var reader = await bench.OpenAsync();
        await WriteAsync(log, Next, 1);
        await log.Maintenance;
        Assert.Equal(First, reader.Table(TableKind.Keys));
        Assert.Equal(ErrorCode.OffsetNotAvailable, (await reader.ReadTableAsync(First, 0, caches: true)).Error);
        Assert.Equal(Next, reader.Table(TableKind.Keys));
        Assert.Equal(ErrorCode.None, (await reader.ReadTableAsync(Next, 0, caches: true)).Error);
    });

    private static string[] Parts(FaultBench bench) =>
        [.. bench.Store.Keys.Where(key => KindOf(bench, key) == ObjectKind.Table).Order(StringComparer.Ordinal)];

    private static ObjectKind? KindOf(FaultBench bench, string key) =>
        ObjectHeader.TryRead(bench.Store.Find(key)!.AsSpan(), new LogName(LogId).Tag, out var header) ? header.Kind : null;

    private static async Task<PartitionLog> FilledAsync(FaultBench bench)
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 24; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "value"));
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        await log.Maintenance;
        return log;
    }

    private static async Task WriteAsync(PartitionLog log, LogTable table, int pages) =>
        Assert.Equal(ErrorCode.None, await log.WriteTableAsync(table, 0, Pages(pages), new CompactionMark(table.End, table.End, table.End)));

    private static ReadOnlyMemory<byte>[] Pages(int count) => [.. Enumerable.Range(1, count).Select(page => new ReadOnlyMemory<byte>(new byte[page]))];
}
