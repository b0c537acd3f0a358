using System.Globalization;
using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Log.Tests.Simulation;
using Loire.Model;
using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Log.Tests.Lives;

/// <summary>The owners, producers and readers of one log, and what they were told of it.</summary>
internal class LogUsers(IGrainStorage storage, string logId, PartitionLogOptions options, TimeProvider time)
{
    private int _values;

    public TimeProvider Time => time;

    /// <summary>How long they wait before they try again.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(5);

    public History History { get; } = new();

    protected string LogId => logId;

    public PartitionLog New() => new(storage, logId, LogBench.NewWriter(), options, new ObjectCache(2000), time);

    /// <summary>Appends a new value and remembers the answer.</summary>
    public async Task<ErrorCode> AppendAsync(PartitionLog log, int padding = 0)
    {
        var value = string.Create(CultureInfo.InvariantCulture, $"value{_values++}") + new string('x', padding);
        History.Sent(value);
        var pending = log.Append([TestBatches.ToAppend(TestBatches.Of(1, value))]);
        var error = await pending.Committed;
        History.Answered(value, error, pending.BaseOffset);
        return error;
    }

    /// <summary>Reads the log to its end, a piece at a time.</summary>
    public async Task<ErrorCode> ReadAllAsync(PartitionLog log)
    {
        for (var next = log.LogStartOffset; next < log.DurableEndOffset;)
        {
            var read = await log.ReadAsync(next, 700, CancellationToken.None);
            if (read.Error == ErrorCode.OffsetOutOfRange)
            {
                // Another owner has moved the start.
                next = log.LogStartOffset;
                continue;
            }

            if (read.Error != ErrorCode.None)
            {
                return read.Error;
            }

            History.Read(TestBatches.Records(TestBatches.Join(read.Pieces)));
            next = read.NextOffset;
        }

        return ErrorCode.None;
    }

    /// <summary>Moves the start of the log.</summary>
    public async Task<ErrorCode> TrimAsync(PartitionLog log, Offset to)
    {
        History.Trimming(to);
        var error = await log.TrimAsync(to);
        if (error == ErrorCode.None)
        {
            History.Trimmed(to);
        }

        return error;
    }

    /// <summary>Moves the start of the log so that a part of it stays, as retention by size does.</summary>
    public async Task<ErrorCode> RetainAsync(PartitionLog log, int bytes)
    {
        var (error, size) = await log.MeasureAsync();
        if (error != ErrorCode.None)
        {
            return error;
        }

        var (excess, to) = (size.Bytes - bytes, log.LogStartOffset);
        error = await log.WalkAsync(part =>
        {
            if (part.IsDivisible)
            {
                return LogWalkStep.Into;
            }

            excess -= part.Bytes;
            to = excess >= 0 ? part.End : to;
            return excess > 0 ? LogWalkStep.Next : LogWalkStep.Stop;
        });
        return error == ErrorCode.None ? await TrimAsync(log, to) : error;
    }

    /// <summary>Compacts the log, or a part of it.</summary>
    public Task<ErrorCode> CompactAsync(PartitionLog log, int maxSteps = int.MaxValue) =>
        new TestCompaction(log, History.Removing, History.WasRemoved).RunAsync(maxSteps);

    /// <summary>A last owner leads, appends, finds what it must, and stays.</summary>
    public Task VerifyAsync(PersistentOwner last) => last.DoAsync("verify", async log =>
    {
        var error = await AppendAsync(log);
        if (error != ErrorCode.None)
        {
            return error;
        }

        var records = await LogBench.ReadAllAsync(log, log.LogStartOffset.Value);
        Assert.True(History.MayHaveHoles || log.DurableEndOffset - log.LogStartOffset == records.Count, "there are no gaps");
        History.ReadWhole(records, log.LogStartOffset);
        return await TestCompaction.CheckKeysAsync(log);
    });
}
