using System.Collections.Concurrent;
using System.Diagnostics;
using Loire.Client;
using Loire.Model;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>Records for one partition through a producer that others use as well; its buffer is the window.</summary>
internal sealed class EmbeddedProducer(IProducer<Null, byte[]> producer, Work work, TopicPartition target) : Producer
{
    private const int SampleEvery = 16;

    public override async Task<IEnumerable<long>> SendBatchedAsync(int first, int count, int window)
    {
        var latencies = new ConcurrentBag<long>();
        List<Task> sampled = [];
        for (var i = 0; i < count; i++)
        {
            var value = new byte[work.RecordBytes];
            work.Payload.Write(first + i, value);
            var message = new Message<Null, byte[]> { Value = value };
            if (i % SampleEvery == 0)
            {
                sampled.Add(TimeAsync(message));
            }
            else
            {
                await producer.EnqueueAsync(target, message);
            }
        }

        await producer.FlushAsync();
        await Task.WhenAll(sampled);
        return latencies;

        async Task TimeAsync(Message<Null, byte[]> message)
        {
            var start = Stopwatch.GetTimestamp();
            await producer.ProduceAsync(target, message);
            latencies.Add(Stopwatch.GetTimestamp() - start);
        }
    }

    /// <summary>The producer belongs to the contender.</summary>
    public override ValueTask DisposeAsync() => default;

    protected override async ValueTask SendOneAsync(int number)
    {
        var value = new byte[work.RecordBytes];
        work.Payload.Write(number, value);
        await producer.ProduceAsync(target, new Message<Null, byte[]> { Value = value });
    }
}
