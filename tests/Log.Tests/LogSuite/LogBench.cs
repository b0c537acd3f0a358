using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>The positions of a log.</summary>
public readonly record struct PositionsOf(long Start, long DurableEnd, long End)
{
    public static PositionsOf The(PartitionLog log) => new(log.LogStartOffset.Value, log.DurableEndOffset.Value, log.LogEndOffset.Value);
}

/// <summary>One log of a store under test, and instances of it.</summary>
public sealed class LogBench(ILogStore store, PartitionLogOptions? options = null, TimeProvider? time = null)
{
    private string _id = "0123456789abcdef0123456789abcdef/0";
    private static int _writers;

    /// <summary>The cache of instances that are opened from now on.</summary>
    public ObjectCache Cache { get; set; } = new(64 * 1024 * 1024);

    /// <summary>The same bench for another log.</summary>
    public LogBench As(string id) => new(store, options, time) { _id = id };

    /// <summary>An instance that is not opened.</summary>
    public PartitionLog New() =>
        new(store.Storage, _id, NewWriter(), options ?? new PartitionLogOptions(), Cache, time ?? TimeProvider.System);

    /// <summary>An open instance.</summary>
    public async Task<PartitionLog> OpenAsync()
    {
        var log = New();
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        return log;
    }

    /// <summary>An instance that may append.</summary>
    public async Task<PartitionLog> LeadAsync()
    {
        var log = await OpenAsync();
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        return log;
    }

    /// <summary>Starts the store again; later instances begin with an empty cache.</summary>
    public async Task ReopenStoreAsync()
    {
        await store.ReopenAsync();
        Cache = new ObjectCache(Cache.CapacityBytes);
    }

    /// <summary>A writer's id that no other instance has.</summary>
    public static Guid NewWriter() => new(Interlocked.Increment(ref _writers), 0, 0, new byte[8]);

    /// <summary>Appends one batch of values.</summary>
    public static Task<ErrorCode> AppendAsync(PartitionLog log, params string[] values) =>
        log.Append([TestBatches.ToAppend(TestBatches.Of(1, values))]).Committed;

    /// <summary>All records from <paramref name="from"/> on, as <c>offset:value</c>.</summary>
    public static async Task<List<string>> ReadAllAsync(PartitionLog log, long from = 0, int maxBytes = 1_000_000)
    {
        var records = new List<string>();
        for (var next = new Offset(from); next < log.DurableEndOffset;)
        {
            var read = await log.ReadAsync(next, maxBytes, CancellationToken.None);
            Assert.Equal(ErrorCode.None, read.Error);
            Assert.True(read.NextOffset > next);
            records.AddRange(TestBatches.Records(TestBatches.Join(read.Pieces)));
            next = read.NextOffset;
        }

        return records;
    }

    /// <summary>All batches from the one that holds <paramref name="from"/> on, with their greatest timestamps.</summary>
    public static async Task<List<(long MaxTimestamp, byte[] Bytes)>> ReadBatchesAsync(PartitionLog log, long from = 0)
    {
        var batches = new List<(long, byte[])>();
        for (var next = new Offset(from); next < log.DurableEndOffset;)
        {
            var read = await log.ReadAsync(next, 1, CancellationToken.None);
            Assert.Equal(ErrorCode.None, read.Error);
            if (read.Bytes > 0)
            {
                var bytes = TestBatches.Join(read.Pieces);
                Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
                batches.Add((batch.MaxTimestamp.Milliseconds, bytes));
            }

            next = read.NextOffset;
        }

        return batches;
    }
}
