using System.Collections.Concurrent;
using System.Threading.Channels;
using Loire.Cli.Consume.Formats;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;
using Loire.Model.Batches;

namespace Loire.Cli.Consume;

/// <summary>
/// Reads several partitions concurrently and writes their records, in order within each partition. Memory is bounded by a number of pages,
/// independent of the number of partitions and of how fast the output is read.
/// </summary>
internal sealed class ConsumeRun(NodeClient node, string topic, OutputFormat format, Caller caller)
{
    private const int PagesInMemory = 8;

    private readonly RecordOutput _output = new(format, caller.Terminal.Output);
    private readonly BatchDecompressor _decompressor = new();
    private readonly ConcurrentDictionary<int, PartitionRange> _ranges = [];

    /// <summary>The number of records after which the run ends.</summary>
    public long MaxRecords { get; init; } = long.MaxValue;

    /// <summary>How long the node may be unreachable.</summary>
    public TimeSpan RetryTimeout { get; init; }

    /// <summary>Whether partitions added to the topic during the run are read too.</summary>
    public bool WatchesPartitions { get; init; }

    /// <summary>Writes the records in the ranges; returns at their ends, after <see cref="MaxRecords"/>, or when interrupted.</summary>
    public async Task RunAsync(IReadOnlyList<PartitionRange> ranges, CancellationToken interrupted)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        using var budget = new SemaphoreSlim(PagesInMemory);
        var pages = Channel.CreateBounded<FetchedPage>(new BoundedChannelOptions(PagesInMemory) { SingleReader = true });
        _output.Begin();
        var reading = MaxRecords > 0 ? ReadAllAsync(ranges, pages.Writer, budget, ending) : Task.CompletedTask;
        try
        {
            while (_output.Count < MaxRecords && await pages.Reader.WaitToReadAsync(ending.Token))
            {
                while (_output.Count < MaxRecords && pages.Reader.TryRead(out var page))
                {
                    using (page)
                    {
                        Write(page);
                    }

                    _output.Flush();
                }
            }
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            // Interrupting is the normal way to stop a follower.
        }
        finally
        {
            await ending.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (pages.Reader.TryRead(out var page))
            {
                page.Dispose();
            }

            _decompressor.Dispose();
            _output.End();
        }

        caller.Terminal.Note($"{_output.Count} records");
    }

    private async Task ReadAllAsync(
        IReadOnlyList<PartitionRange> ranges, ChannelWriter<FetchedPage> to, SemaphoreSlim budget, CancellationTokenSource ending)
    {
        var readers = new List<Task>();
        void Begin(PartitionRange range)
        {
            _ranges[range.Partition] = range;
            readers.Add(new PartitionReader(node, topic, range, RetryTimeout, caller).RunAsync(to, budget, ending.Token));
        }

        foreach (var range in ranges)
        {
            Begin(range);
        }

        var watch = new PartitionWatch(node, topic, caller);
        var added = WatchesPartitions ? watch.MoreThanAsync(ranges.Count, ending.Token) : null;
        Exception? failure = null;
        while (readers.Count > 0)
        {
            var ended = await Task.WhenAny(added is null ? readers : readers.Append(added));
            if (ended == added)
            {
                Array.ForEach(added.IsCompletedSuccessfully ? await added : [], Begin);
                added = added.IsCompletedSuccessfully ? watch.MoreThanAsync(_ranges.Count, ending.Token) : null;
                continue;
            }

            readers.Remove(ended);
            if (!ended.IsCompletedSuccessfully && failure is null)
            {
                // Pages that arrived before are still written; then the failure is thrown.
                failure = ended.Exception?.InnerException ?? new OperationCanceledException(ending.Token);
                to.TryComplete(failure);
            }
        }

        to.TryComplete(failure);
    }

    private void Write(FetchedPage page)
    {
        var end = _ranges[page.Partition].End ?? long.MaxValue;
        for (var rest = page.Bytes; !rest.IsEmpty && _output.Count < MaxRecords;)
        {
            RecordBatch.TryRead(rest, out var batch);
            rest = rest[batch.SizeInBytes..];
            if (batch.IsControl)
            {
                continue;
            }

            var error = _decompressor.TryDecompress(batch, out var records);
            var reader = new RecordReader(batch, records);
            while (error == ErrorCode.None && _output.Count < MaxRecords && reader.MoveNext())
            {
                var record = reader.Current;
                if (record.Offset.Value >= page.From && record.Offset.Value < end)
                {
                    _output.Write(ShownRecord.Of(topic, page.Partition, record, batch.TimestampType));
                }
            }

            error = error != ErrorCode.None ? error : reader.Error;
            if (error != ErrorCode.None)
            {
                _output.Flush();
                throw new NodeException(
                    error,
                    $"The batch at offset {batch.BaseOffset} of partition {page.Partition} cannot be decoded.",
                    ExitCode.Error,
                    isRetriable: false,
                    $"'-p {page.Partition} -o {batch.NextOffset}' goes on behind it.");
            }
        }
    }
}
