using System.IO.Pipelines;
using Loire.Edge.Fetching;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Records.Fetch;

/// <summary>
/// One live tail: a long poll for each partition, one writer at a time. A client that reads slowly delays the polls and takes no memory.
/// The tail ends with an error event on the first failure, after which the client resumes; only records that retention has deleted are
/// reported and skipped, because resuming at them would never end.
/// </summary>
internal sealed class LiveTail(PipeWriter to, TailOutput output, FetchParameters wanted, TimeSpan heartbeat, TimeProvider time)
    : IDisposable
{
    private readonly SortedDictionary<int, Offset> _positions = [];
    private readonly SemaphoreSlim _writer = new(1, 1);
    private long _lastWrite;

    /// <summary>Sets where a partition begins; before <see cref="RunAsync"/>.</summary>
    public void Begin(int partition, Offset from) => _positions[partition] = from;

    /// <summary>Runs until cancelled, or until a partition fails.</summary>
    public async Task RunAsync(IReadOnlyList<PartitionSource> sources, CancellationToken leaving)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(leaving);
        await WriteAsync(() => output.Heartbeat(ResumeToken.Write(_positions)), ending.Token);
        var flows = new List<Task> { BeatAsync(ending.Token) };
        flows.AddRange(sources.Select(source => FollowAsync(source, ending.Token)));
        await Task.WhenAny(flows);
        await ending.CancelAsync();
        await Task.WhenAll(flows);
    }

    public void Dispose() => _writer.Dispose();

    private async Task FollowAsync(PartitionSource source, CancellationToken ending)
    {
        try
        {
            while (!ending.IsCancellationRequested)
            {
                var from = _positions[source.Partition];
                var fetched = await source.ReadAsync(from, wanted.MaxBytes, 1, Limits.FetchWait, ending);
                var problem = PartitionSource.Problem(fetched);
                if (fetched.Status == FetchStatus.OutOfRange && from < fetched.Answer.Bounds.LogStart)
                {
                    await SkipAsync(source, from, fetched.Answer.Bounds.LogStart, problem!, ending);
                    continue;
                }

                problem ??= await WritePageAsync(source, fetched.Answer, from, ending);
                if (problem is not null)
                {
                    await WriteAsync(() => output.Error(problem, source.Partition), ending);
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } problem)
        {
            await WriteAsync(() => output.Error(problem, source.Partition), ending);
        }
    }

    private async Task<ApiProblem?> WritePageAsync(PartitionSource source, FetchResult result, Offset from, CancellationToken ending)
    {
        ApiProblem? unreadable = null;
        if (result.NextOffset == from)
        {
            return null;
        }

        // The page is decoded only when it is this partition's turn, so that one page at a time is held decompressed.
        await WriteAsync(
            () =>
            {
                var (page, problem) = RecordPage.Read(result, from, long.MaxValue, new Offset(long.MaxValue));
                using (page)
                {
                    unreadable = problem;
                    if (page is not null)
                    {
                        _positions[source.Partition] = page.Next;
                        if (page.Count > 0)
                        {
                            output.Records(format => page.Write(format, source.Partition), ResumeToken.Write(_positions));
                        }
                    }
                }
            },
            ending);
        return unreadable;
    }

    // Retention or a deletion of records has overtaken the tail: the client learns what it missed, and the tail continues at the first
    // record.
    private Task SkipAsync(PartitionSource source, Offset from, Offset start, ApiProblem problem, CancellationToken ending) => WriteAsync(
        () =>
        {
            var gone = problem with { Detail = $"The records from {from} up to {start} are gone; going on at {start}." };
            output.Error(gone, source.Partition);
            _positions[source.Partition] = start;
        },
        ending);

    private async Task BeatAsync(CancellationToken ending)
    {
        try
        {
            while (true)
            {
                var quiet = time.GetElapsedTime(Volatile.Read(ref _lastWrite));
                if (quiet >= heartbeat)
                {
                    await WriteAsync(() => output.Heartbeat(ResumeToken.Write(_positions)), ending);
                    quiet = TimeSpan.Zero;
                }

                await Task.Delay(heartbeat - quiet, time, ending);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
        }
    }

    private async Task WriteAsync(Action write, CancellationToken ending)
    {
        await _writer.WaitAsync(ending);
        try
        {
            write();
            await to.FlushAsync(ending);
            Volatile.Write(ref _lastWrite, time.GetTimestamp());
        }
        finally
        {
            _writer.Release();
        }
    }
}
