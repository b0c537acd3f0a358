using Loire.Client;
using Loire.Model;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Loire.Samples.Console;

/// <summary>
/// Produces numbers to a topic of a running cluster and reads them back. The configuration says where the cluster is: <c>Orleans:Clustering</c> its
/// membership table, or <c>gateway</c> the port of a single node; and <c>count</c> how many numbers.
/// </summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        var gateway = builder.Configuration.GetValue<int?>("gateway");
        if (gateway is null && !builder.Configuration.GetSection("Orleans:Clustering").Exists())
        {
            await System.Console.Error.WriteLineAsync(
                "usage: --gateway PORT [--count N]   (a node with --gateway-port PORT; the README has clusters)");
            return 2;
        }

        var count = builder.Configuration.GetValue("count", 10_000);
        builder.Logging.AddFilter("Orleans", LogLevel.Warning);
        builder.UseOrleansClient(client =>
        {
            if (gateway is { } port)
            {
                client.UseLocalhostClustering(port);
            }

            client.UseLoireCluster();
        });
        builder.Services.AddLoireProducer<int, string>();
        builder.Services.AddLoireConsumer<int, string>(options => options.AutoOffsetReset = OffsetSpec.Earliest);
        using var host = builder.Build();
        await host.StartAsync();

        var topic = $"numbers-{Guid.NewGuid():N}";
        var admin = host.Services.GetRequiredService<IAdminClient>();
        await admin.CreateTopicAsync(new NewTopic(topic, PartitionsCount: 3));

        var producer = host.Services.GetRequiredService<IProducer<int, string>>();
        for (var i = 0; i < count; i++)
        {
            // Returns as soon as the record is in the buffer; the flush below says what became of all of them.
            await producer.EnqueueAsync(topic, new Message<int, string> { Key = i, Value = $"number {i}" });
        }

        await producer.FlushAsync();
        System.Console.WriteLine($"{count} records are durable in {topic}");

        await using var consumer = host.Services.GetRequiredService<IConsumer<int, string>>();
        await consumer.AssignAsync(Enumerable.Range(0, 3).Select(partition => new TopicPartition(topic, partition)));
        var (read, sum) = (0, 0L);
        await foreach (var batch in consumer.ConsumeBatchesAsync())
        {
            sum += batch.Sum(record => (long)record.Key);
            if ((read += batch.Count) == count)
            {
                break;
            }
        }

        System.Console.WriteLine($"{read} records came back; their keys add up to {sum}");
        await admin.DeleteTopicAsync(topic);
        await host.StopAsync();
        return sum == (long)count * (count - 1) / 2 ? 0 : 1;
    }
}
