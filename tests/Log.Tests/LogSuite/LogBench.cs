using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>One log of a store under test, and instances of it.</summary>
public sealed class LogBench(ILogStore store, PartitionLogOptions? options = null, TimeProvider? time = null)
{
    private int _writers;

    /// <summary>The log's name.</summary>
    public string Id { get; init; } = "0123456789abcdef0123456789abcdef/0";

    /// <summary>The cache of instances that are opened from now on.</summary>
    public ObjectCache Cache { get; set; } = new(64 * 1024 * 1024);

    /// <summary>An instance that is not opened.</summary>
    public PartitionLog New() =>
        new(store.Storage, Id, new Guid(++_writers, 0, 0, new byte[8]), options ?? new PartitionLogOptions(), Cache, time ?? TimeProvider.System);

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

    /// <summary>All records from <paramref name="from"/> on, as <c>offset:value</c>.</summary>
    public async Task<List<string>> ReadAllAsync(PartitionLog log, long from = 0, int maxBytes = 1_000_000)
    {
        var records = new List<string>();
        for (var next = new Offset(from); next < log.HighWatermark;)
        {
            var read = await log.ReadAsync(next, maxBytes, CancellationToken.None);
            Assert.Equal(ErrorCode.None, read.Error);
            Assert.True(read.NextOffset > next);
            records.AddRange(TestBatches.Records(TestBatches.Join(read.Pieces)));
            next = read.NextOffset;
        }

        return records;
    }
}
