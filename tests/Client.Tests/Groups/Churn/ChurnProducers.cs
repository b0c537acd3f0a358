using System.Collections.Concurrent;
using System.Globalization;
using Loire.Model;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>Producers, one for each topic, that go on until they are told to stop.</summary>
internal sealed class ChurnProducers(LoireClient client, History history, Random random) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _topics = new(StringComparer.Ordinal);
    private readonly IProducer<Null, string> _producer = client.CreateProducer<Null, string>();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _runs = [];
    private long _value;

    public void Start(string topic, int partitions)
    {
        _topics[topic] = partitions;
        var own = new Random(random.Next());
        _runs.Add(Task.Run(() => ProduceAsync(topic, own)));
    }

    public void KnowPartitions(string topic, int partitions) => _topics[topic] = partitions;

    /// <summary>Ends them, and says where the partitions end.</summary>
    public async Task<IReadOnlyDictionary<TopicPartition, Offset>> StopAsync()
    {
        await DisposeAsync();
        return await client.Admin.ListOffsetsAsync(_topics.SelectMany(topic => Enumerable.Range(0, topic.Value)
            .Select(partition => KeyValuePair.Create(new TopicPartition(topic.Key, partition), OffsetSpec.Latest))));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_runs);
        await _producer.DisposeAsync();
    }

    private async Task ProduceAsync(string topic, Random own)
    {
        while (!_stop.IsCancellationRequested)
        {
            var targets = Enumerable.Range(0, own.Next(1, 5)).Select(_ => new TopicPartition(topic, own.Next(_topics[topic])));
            await Task.WhenAll(targets.Select(ProduceOneAsync));
            await Task.Delay(own.Next(20));
        }
    }

    private async Task ProduceOneAsync(TopicPartition to)
    {
        var value = Interlocked.Increment(ref _value);
        try
        {
            var message = new Message<Null, string> { Value = value.ToString(CultureInfo.InvariantCulture) };
            var result = await _producer.ProduceAsync(to, message);
            history.Add(new Acknowledged(to, result.Offset.Value, value));
        }
        catch (ProduceException)
        {
            // It may be in the log or not.
        }
    }
}
