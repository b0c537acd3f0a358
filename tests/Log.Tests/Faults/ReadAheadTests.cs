using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>Objects that are loaded before a reader comes to them.</summary>
public sealed class ReadAheadTests
{
    private const int Records = 100;
    private static readonly string Kilobyte = new('x', 1024);

    /// <summary>Chunks stay as they are, so that each record is an object.</summary>
    private static PartitionLogOptions Options(long readAheadBytes = 0, int headSegments = 16) =>
        new() { WholeChunkBytes = 500, TailChunks = 8, HeadSegments = headSegments, ReadAheadBytes = readAheadBytes };

    [Theory]
    [InlineData(16)]
    [InlineData(1_000)]
    public void A_read_waits_for_the_store_once_for_all_objects_that_it_takes(int headSegments) => Run(async bench =>
    {
        var reader = await ColdReaderAsync(bench);
        var answers = bench.Hold(IsChunkRead);
        var read = reader.ReadAsync(Offset.Zero, 5_000, CancellationToken.None).AsTask();
        await Task.Delay(TimeSpan.FromSeconds(1), bench.Time);
        Assert.Equal(4, ReadsOfChunks(bench));
        answers.ForEach(answer => answer.Open());
        Assert.Equal(4, Count(await read));
        Assert.Equal(4, ReadsOfChunks(bench));
    }, Options(headSegments: headSegments));

    [Theory]
    [InlineData(16)]
    [InlineData(1_000)]
    public void A_sequential_reader_finds_what_it_asks_for_next_in_memory(int headSegments) => Run(async bench =>
    {
        var reader = await ColdReaderAsync(bench);
        var first = await reader.ReadAsync(Offset.Zero, 1_100, CancellationToken.None);
        Assert.Equal(1, ReadsOfChunks(bench));
        var second = await reader.ReadAsync(first.NextOffset, 1_100, CancellationToken.None);
        Assert.Equal(2, second.NextOffset.Value);
        var (from, before) = (second.NextOffset, ReadsOfChunks(bench));
        Assert.InRange(before, 5, 7);
        for (var i = 0; i < 4; i++)
        {
            var next = reader.ReadAsync(from, 1_100, CancellationToken.None);
            Assert.True(next.IsCompleted);
            from = (await next).NextOffset;
        }

        // A read elsewhere in the same log loads only what it requests.
        before = ReadsOfChunks(bench);
        await reader.ReadAsync(new Offset(50), 1_100, CancellationToken.None);
        Assert.Equal(before + 1, ReadsOfChunks(bench));
    }, Options(readAheadBytes: 5_000, headSegments));

    [Fact]
    public void The_size_of_a_log_waits_for_the_store_once_for_several_pages() => Run(async bench =>
    {
        var reader = await ColdReaderAsync(bench);
        var pages = bench.Store.Keys.Count(key => key.Contains("/part/", StringComparison.Ordinal));
        var answers = bench.Hold(ReadOf("/part/"));
        var size = reader.SizeAsync().AsTask();
        var held = new List<int>();
        while (!size.IsCompleted)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), bench.Time);
            var under = answers.ToArray();
            answers.Clear();
            held.Add(under.Length);
            Array.ForEach(under, answer => answer.Open());
        }

        Assert.Equal(ErrorCode.None, (await size).Error);
        Assert.Equal(pages, held.Sum());
        Assert.Contains(held, count => count > 1);
        Assert.All(held, count => Assert.InRange(count, 0, 8));
        Assert.Equal((await size).Bytes, (await reader.SizeAsync()).Bytes);
    }, Options(headSegments: 4));

    [Fact]
    public void Every_record_is_read_once_and_each_object_is_loaded_once() => Run(async bench =>
    {
        var reader = await ColdReaderAsync(bench);
        Assert.Equal(Records, (await LogBench.ReadAllAsync(reader, maxBytes: 3_000)).Count);
        Assert.Equal(Records, bench.Script.Calls.Count(IsChunkRead));
    }, Options(readAheadBytes: 5_000));

    [Fact]
    public void Damage_that_was_loaded_ahead_fails_the_read_that_begins_there() => Run(async bench =>
    {
        var reader = await ColdReaderAsync(bench);
        var key = bench.Key("chunk/0000000000000006");
        var bytes = bench.Store.Find(key)!.ToArray();
        bytes[^40] ^= 1;
        bench.Store.Replace(key, bytes);
        var (from, errors) = (Offset.Zero, new List<(long, ErrorCode)>());
        while (from.Value < 20)
        {
            var read = await reader.ReadAsync(from, 2_200, CancellationToken.None);
            if (read.Error != ErrorCode.None)
            {
                errors.Add((from.Value, read.Error));
            }

            from = read.NextOffset;
        }

        Assert.Equal(ErrorCode.CorruptMessage, Assert.Single(errors).Item2);
    }, Options(readAheadBytes: 5_000));

    private static async Task<PartitionLog> ColdReaderAsync(FaultBench bench)
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < Records; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, Kilobyte));
        }

        await log.Maintenance;
        await log.DisposeAsync();
        bench.Cache = new ObjectCache(10_000_000);
        var reader = await bench.OpenAsync();
        bench.Script.Calls.Clear();
        return reader;
    }

    private static bool IsChunkRead(StorageCall call) => ReadOf("/chunk/")(call);

    private static int ReadsOfChunks(FaultBench bench) => bench.Script.Calls.Count(IsChunkRead);

    private static int Count(LogRead read) => TestBatches.Records(TestBatches.Join(read.Pieces)).Count;
}
