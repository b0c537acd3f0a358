using System.IO.Compression;
using System.Net;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Tests.Transactions;

/// <summary>
/// Stores with transactions that earlier builds wrote open in this one, and what was open in them goes on to its end. With <c>LOIRE_WRITE_FIXTURE</c> set to a
/// file, this build writes such a store into it instead; a new stored format adds one here and keeps those that there are.
/// </summary>
public class StoredTransactionsTests
{
    private const string Topic = "payments";
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);

    [Theory]
    [InlineData("2026-11-30-transactions")]
    public async Task A_store_with_transactions_opens_and_those_that_are_open_end(string name)
    {
        if (Environment.GetEnvironmentVariable("LOIRE_WRITE_FIXTURE") is { Length: > 0 } file)
        {
            await WriteAsync(file);
            return;
        }

        using var data = new DataDirectory();
        ZipFile.ExtractToDirectory(Path.Combine(AppContext.BaseDirectory, "Fixtures", name + ".zip"), data.Path);
        await using var node = await StartAsync(data.Path);
        var grains = node.Services.GetRequiredService<IGrainFactory>();
        var client = new LoireClient(grains);
        var partitions = await PartitionsAsync(client, grains);
        Assert.Equal("c1 c3", await CommittedAsync(partitions[1]));
        Assert.Contains("open", string.Join(' ', await CommittedLog.ReadAsync(partitions[0], IsolationLevel.ReadUncommitted)), StringComparison.Ordinal);

        // Its producer never came back, and its time has been over for long: it is found and aborted, with the offsets of its group.
        var coordinator = grains.GetGrain<ITransactionGrain>("left-open");
        await UntilAsync(coordinator, TransactionStatus.CompleteAbort);
        Assert.Equal(Timeout, (await coordinator.Describe()).Transaction!.Timeout);
        Assert.Equal("c0 c2 c4 plain after", await CommittedAsync(partitions[0]));
        var offsets = await grains.GetGrain<IGroupGrain>("readers").Offsets([new TopicPartition(Topic, 0), new TopicPartition(Topic, 1)]);
        Assert.Null(offsets.Pending);
        Assert.Equal((new TopicPartition(Topic, 0), new Offset(2)), (offsets.Offsets.Single().Partition, offsets.Offsets.Single().Offset));

        // The ids that were used go on with higher epochs, and the one that is idle can be listed.
        await using var producer = client.CreateProducer(new ProducerOptions<string?, string> { TransactionalId = "writer" });
        await using var transaction = await producer.BeginTransactionAsync();
        await transaction.ProduceAsync(new TopicPartition(Topic, 1), new Message<string?, string> { Value = "new" });
        await transaction.CommitAsync();
        await UntilAsync(grains.GetGrain<ITransactionGrain>("writer"), TransactionStatus.CompleteCommit);
        Assert.Equal("c1 c3 new", await CommittedAsync(partitions[1]));
        Assert.True((await partitions[1].Producers()).Producers.Single().Producer.Epoch > 5);
    }

    /// <summary>The partitions hear of an outcome after it is decided.</summary>
    internal static async Task UntilAsync(ITransactionGrain coordinator, TransactionStatus status)
    {
        while ((await coordinator.Describe()).Transaction!.Status != status)
        {
            await Task.Yield();
        }
    }

    private static async Task WriteAsync(string file)
    {
        using var data = new DataDirectory();
        await using (var node = await StartAsync(data.Path))
        {
            var client = new LoireClient(node.Services.GetRequiredService<IGrainFactory>());
            await client.Admin.CreateTopicAsync(new NewTopic(Topic, 2));
            await using var producer = client.CreateProducer(new ProducerOptions<string?, string> { TransactionalId = "writer" });
            for (var i = 0; i < 6; i++)
            {
                await using var transaction = await producer.BeginTransactionAsync();
                await transaction.ProduceAsync(new TopicPartition(Topic, i % 2), new Message<string?, string> { Value = $"{(i == 5 ? 'a' : 'c')}{i}" });
                if (i == 0)
                {
                    await transaction.SendOffsetsAsync([new TopicPartitionOffset(Topic, 0, 2)], new ConsumerGroupMetadata("readers"));
                }

                if (i < 5)
                {
                    await transaction.CommitAsync();
                }
            }

            await using var plain = client.CreateProducer<string?, string>();
            await plain.ProduceAsync(new TopicPartition(Topic, 0), new Message<string?, string> { Value = "plain" });

            // Not disposed of: that would abort it.
            var leaver = client.CreateProducer(new ProducerOptions<string?, string> { TransactionalId = "left-open", TransactionTimeout = Timeout });
            var open = await leaver.BeginTransactionAsync();
            await open.ProduceAsync(new TopicPartition(Topic, 0), new Message<string?, string> { Value = "open" });
            await open.SendOffsetsAsync([new TopicPartitionOffset(Topic, 1, 1)], new ConsumerGroupMetadata("readers"));
            await plain.ProduceAsync(new TopicPartition(Topic, 0), new Message<string?, string> { Value = "after" });
        }

        File.Delete(file);
        ZipFile.CreateFromDirectory(data.Path, file, CompressionLevel.SmallestSize, includeBaseDirectory: false);
    }

    private static async Task<WebApplication> StartAsync(string data)
    {
        var node = LoireHost.Build(new NodeOptions { Data = data, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], LogLevel = LogLevel.Warning });
        await node.StartAsync();
        return node;
    }

    private static async Task<IPartitionGrain[]> PartitionsAsync(LoireClient client, IGrainFactory grains)
    {
        var id = new TopicId((await client.Admin.DescribeTopicAsync(Topic)).Id);
        return [.. Enumerable.Range(0, 2).Select(i => grains.GetGrain<IPartitionGrain>(new PartitionKey(Topic, id, i).ToString()))];
    }

    private static async Task<string> CommittedAsync(IPartitionGrain partition) =>
        string.Join(' ', await CommittedLog.ReadAsync(partition, IsolationLevel.ReadCommitted));

    private sealed class DataDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("loire-client-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
