using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Loire.Kafka.Clients.Tests;

namespace Loire.Kafka.Ecosystem.Tests;

/// <summary>What the tests do with topics beside the library that they are about.</summary>
internal static class Topics
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async Task CreateAsync(KafkaNode node, params string[] names)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = node.Bootstrap }).Build();
        await admin.CreateTopicsAsync(names.Select(name => new TopicSpecification { Name = name, NumPartitions = 2 }));
    }

    /// <summary>Reads what is committed of a topic from its start until the records say enough.</summary>
    /// <exception cref="TimeoutException">They do not say it within a minute.</exception>
    public static void Read<TValue>(KafkaNode node, string topic, IDeserializer<TValue> deserializer, Func<Message<string, TValue>, bool> isEnough)
    {
        using var consumer = new ConsumerBuilder<string, TValue>(new ConsumerConfig
        {
            BootstrapServers = node.Bootstrap,
            GroupId = $"reads-{Guid.NewGuid():N}",
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).SetValueDeserializer(deserializer).Build();
        consumer.Subscribe(topic);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (!isEnough(consumer.Consume(patience.Token).Message))
            {
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The records of {topic} do not say what they should.");
        }
        finally
        {
            consumer.Close();
        }
    }
}
