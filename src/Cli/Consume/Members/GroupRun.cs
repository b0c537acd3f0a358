using Loire.Cli.Consume.Formats;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Consume.Members;

/// <summary>
/// Reads as a member of a group and writes the records on arrival. Only flushed records are committed, so no record is skipped however this
/// process ends. The node commits every second; records that it had not committed when it died arrive twice.
/// </summary>
internal sealed class GroupRun(NodeClient node, GroupSubscription wanted, OutputFormat format, Caller caller)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan WaitAtEnd = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    private readonly RecordOutput _output = new(format, caller.Terminal.Output);
    private readonly GroupEnds _ends = new(node, wanted);
    private MemberSession? _member;

    /// <summary>The number of records after which the run ends.</summary>
    public long MaxRecords { get; init; } = long.MaxValue;

    /// <summary>How long the node may be unreachable.</summary>
    public TimeSpan RetryTimeout { get; init; }

    /// <summary>Whether to stop at the ends of the partitions.</summary>
    public bool StopsAtEnd { get; init; }

    /// <summary>Reads until <see cref="MaxRecords"/>, the ends, or an interruption; then commits and leaves.</summary>
    public async Task RunAsync(CancellationToken interrupted)
    {
        try
        {
            _output.Begin();
            await ReadAsync(interrupted);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            // Interrupting is the normal way to stop a follower.
        }
        finally
        {
            try
            {
                _output.End();
            }
            finally
            {
                await LeaveAsync();
            }
        }

        caller.Terminal.Note($"{_output.Count} records");
    }

    private async Task ReadAsync(CancellationToken interrupted)
    {
        var backoff = new Backoff(caller.Time, caller.Random, RetryTimeout);
        var longest = wanted.MaxPollInterval / 3;
        var wait = StopsAtEnd ? WaitAtEnd : LongestWait;
        wait = wait < longest ? wait : longest;
        var looked = caller.Time.GetTimestamp();
        while (_output.Count < MaxRecords)
        {
            try
            {
                _member ??= await JoinAsync(interrupted);
                var received = await _member.TakeAsync(MaxRecords - _output.Count, wait, interrupted);
                backoff.Reset();
                Write(received);
                if (StopsAtEnd && (received.IsEmpty || caller.Time.GetElapsedTime(looked) > WaitAtEnd))
                {
                    looked = caller.Time.GetTimestamp();
                    if (await _ends.AreReachedAsync(_member.Id, interrupted))
                    {
                        return;
                    }
                }
            }
            catch (NodeException failure) when (failure.IsRetriable || (failure.Error == ErrorCode.UnknownMemberId && _member is not null))
            {
                if (!backoff.IsWaiting)
                {
                    caller.Terminal.Note($"{failure.Message} Trying again.");
                }

                // Other members own its partitions now, and read the uncommitted records again.
                _member = failure.Error == ErrorCode.UnknownMemberId ? null : _member;
                await backoff.WaitAsync(failure, $"{_output.Count} records were written.", interrupted);
            }
        }
    }

    private async Task<MemberSession> JoinAsync(CancellationToken interrupted)
    {
        interrupted.ThrowIfCancellationRequested();
        var member = await MemberSession.JoinAsync(node, wanted);
        caller.Terminal.Note($"member {member.Id} of group {wanted.Group}");
        return member;
    }

    private void Write(ReceivedLines received)
    {
        received.Each((in ShownRecord record) =>
        {
            _output.Write(record);
            _ends.Written(record.Topic, record.Partition, record.Offset.Value);
        });
        _output.Flush();
        _member!.Finish(received);
    }

    // Also after a failure, which is the error to report; without this the group only waits longer for the partitions.
    private async Task LeaveAsync()
    {
        using var timeout = new CancellationTokenSource(LeaveTimeout, caller.Time);
        try
        {
            await (_member?.LeaveAsync(timeout.Token) ?? Task.CompletedTask);
        }
        catch (Exception exception) when (exception is NodeException or OperationCanceledException)
        {
            caller.Terminal.Note($"could not leave the group, which waits {wanted.MaxPollInterval.TotalSeconds:0.#} s for this member");
        }
    }
}
