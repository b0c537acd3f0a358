using System.Net;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Tests.Nodes;

/// <summary>A whole node in this process with its files in a directory of its own, for all tests of a class.</summary>
public sealed class ClientNode : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("loire-client-").FullName;
    private WebApplication? _app;
    private int _topics;

    public IGrainFactory Grains => _app!.Services.GetRequiredService<IGrainFactory>();

    public LoireClient Client { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _app = LoireHost.Build(new NodeOptions
        {
            Data = _directory,
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            LogLevel = LogLevel.Warning,
        });
        await _app.StartAsync();
        Client = new LoireClient(Grains);
    }

    public async Task DisposeAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A new topic; returns its name.</summary>
    public async Task<string> CreateTopicAsync(int partitions = 1)
    {
        var name = $"topic-{Interlocked.Increment(ref _topics)}";
        await Client.Admin.CreateTopicAsync(new NewTopic(name, partitions));
        return name;
    }

    /// <summary>Appends a batch by a call of the grain.</summary>
    public async Task AppendAsync(string topic, int partition, ReadOnlyMemory<byte> batch)
    {
        var id = new TopicId((await Client.Admin.DescribeTopicAsync(topic)).Id);
        var grain = Grains.GetGrain<IPartitionGrain>(new PartitionKey(TopicName.Parse(topic), id, partition).ToString());
        var result = await grain.Append(new AppendRequest(batch, Acks.All));
        Assert.Equal(ErrorCode.None, result.Error);
    }

    /// <summary>A batch whose records' values are numbers in a row, as text, and whose times are the numbers too.</summary>
    public static ReadOnlyMemory<byte> Numbers(int first, int count, CompressionType compression = CompressionType.None)
    {
        using var builder = new RecordBatchBuilder();
        for (var number = first; number < first + count; number++)
        {
            builder.Append(new Timestamp(Epoch + number), default, true, System.Text.Encoding.UTF8.GetBytes($"{number}"), false);
        }

        return builder.Build(compression);
    }

    /// <summary>The time of the number zero, in milliseconds.</summary>
    public const long Epoch = 1_767_225_600_000;
}
