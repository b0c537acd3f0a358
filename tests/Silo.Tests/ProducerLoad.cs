using System.Globalization;
using System.Net.Sockets;

namespace Loire.Silo.Tests;

/// <summary>
/// Several producers that write to every partition of one topic until the node is gone or they are told to stop. Each has a bounded number of records on their
/// way, so that the node is always busy and the history stays small enough to judge.
/// </summary>
internal sealed class ProducerLoad
{
    private const int ProducersPerPartition = 2;
    private const int RecordsPerWrite = 20;
    private const int WritesOnTheirWay = 8;

    private readonly History[] _histories;
    private readonly string _topic;
    private readonly Random _random;
    private readonly long[] _nextSequence;
    private int _acknowledgements;

    public ProducerLoad(string topic, int partitions, Random random)
    {
        (_topic, _random) = (topic, random);
        _histories = [.. Enumerable.Range(0, partitions).Select(_ => new History())];
        _nextSequence = new long[partitions * ProducersPerPartition];
    }

    public IReadOnlyList<History> Histories => _histories;

    public int AcknowledgedCount => _histories.Sum(history => history.AcknowledgedCount);

    /// <summary>Writes until <paramref name="enough"/> acknowledgements have come or the node has died. Returns then; the producers go on until it dies.</summary>
    public async Task<Task> RunUntilAsync(Uri node, int enough, CancellationToken stop)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _acknowledgements = 0;
        void Count()
        {
            if (Interlocked.Increment(ref _acknowledgements) >= enough)
            {
                reached.TrySetResult();
            }
        }

        var producers = Task.WhenAll(Enumerable.Range(0, _nextSequence.Length).Select(producer => ProduceAsync(node, producer, _random.Next(), Count, stop)));
        await Task.WhenAny(reached.Task, producers);
        return producers;
    }

    /// <summary>Reads everything back and judges it.</summary>
    public async Task JudgeAsync(HttpClient node)
    {
        for (var partition = 0; partition < _histories.Length; partition++)
        {
            _histories[partition].Judge(await PartitionReader.ReadAllAsync(node, _topic, partition));
        }
    }

    private async Task ProduceAsync(Uri node, int producer, int seed, Action acknowledged, CancellationToken stop)
    {
        var random = new Random(seed);
        var partition = producer / ProducersPerPartition;
        var history = _histories[partition];
        var unacknowledged = new Queue<string>();
        using var room = new SemaphoreSlim(RecordsPerWrite * WritesOnTheirWay);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            using var upload = await LineUpload.BeginAsync(node, _topic, partition);
            var reading = ReadAsync(upload);
            var writing = WriteAsync(upload);
            await Task.WhenAll(reading, writing);
        }
        catch (Exception problem) when (problem is IOException or SocketException)
        {
            // The node is gone, which is what these tests are about; what was not acknowledged stays unknown.
        }

        async Task WriteAsync(LineUpload upload)
        {
            while (await HasRoomAsync())
            {
                var values = new string[RecordsPerWrite];
                for (var i = 0; i < values.Length; i++)
                {
                    var sequence = _nextSequence[producer]++;
                    var padding = new string((char)('a' + (sequence % 26)), random.Next(0, 400));
                    values[i] = string.Create(CultureInfo.InvariantCulture, $"{producer}-{sequence}-{padding}");
                    history.Sent(producer, sequence, values[i]);
                    lock (unacknowledged)
                    {
                        unacknowledged.Enqueue(values[i]);
                    }
                }

                await upload.SendAsync(values);
            }

            await upload.CompleteAsync();
        }

        async Task<bool> HasRoomAsync()
        {
            try
            {
                for (var i = 0; i < RecordsPerWrite; i++)
                {
                    await room.WaitAsync(ended.Token);
                }

                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        async Task ReadAsync(LineUpload upload)
        {
            await foreach (var (first, last) in upload.AcknowledgementsAsync())
            {
                for (var offset = first; offset <= last; offset++)
                {
                    string value;
                    lock (unacknowledged)
                    {
                        value = unacknowledged.Dequeue();
                    }

                    history.Acknowledged(offset, value);
                }

                room.Release((int)(last - first + 1));
                acknowledged();
            }

            // The answer has ended, by its own will or with the node; nobody would hear of further records.
            await ended.CancelAsync();
        }
    }
}
