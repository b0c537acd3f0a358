using System.Diagnostics;
using System.Net;
using Azure.Storage.Blobs;
using Loire.Grains.Benchmarks;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.Silo;
using Loire.TestKit.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// Measures a node over Azurite beside the bare SDK with objects of the same sizes and as many calls under way, in turns in one run; medians of rounds.
//   dotnet run -c Release --project benchmarks/Azure      (after npm ci in tests/azurite, or with LOIRE_AZURITE)
const int Rounds = 7, Partitions = 16, AtOnce = 8, FetchBytes = 1024 * 1024;
var azurite = await AzuriteServer.SharedAsync();
await using var proxy = await HttpFaultProxy.StartAsync(azurite.Blobs);
var connection = AzuriteServer.ConnectionStringOf(proxy.Url, azurite.Tables);
var service = new BlobServiceClient(connection);
var bare = service.GetBlobContainerClient("bare");
await bare.CreateAsync();
Console.WriteLine($"{Environment.ProcessorCount} processors, .NET {Environment.Version}, Azurite on the same machine, by way of a proxy that delays answers");
Console.WriteLine();
Console.WriteLine("| what | figure | beside | ratio | target |");
Console.WriteLine("|---|---:|---:|---:|---|");
foreach (var delay in new[] { 0, 20 })
{
    proxy.Faults = new ProxyFaults { AnswerDelay = TimeSpan.FromMilliseconds(delay) };
    await Produce(delay);
    await ColdRead(delay);
}

// 64 KB batches of 1 KB records, one append under way for each of 16 partitions, so that each is one object.
async Task Produce(int delay)
{
    const int Appends = 20;
    await using var node = await StartAsync($"produce-{delay}");
    var partitions = await CreateAsync(node, "produce", Partitions);
    var batch = Load.Batch(62, 1_024);
    List<double> ours = [], theirs = [], ratios = [];
    for (var round = 0; round <= Rounds; round++)
    {
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(partitions.Select(async partition =>
        {
            for (var i = 0; i < Appends; i++)
            {
                await Load.AppendAsync(partition, batch);
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Partitions).Select(async lane =>
        {
            for (var i = 0; i < Appends; i++)
            {
                await bare.UploadBlobAsync($"produce-{delay}/{round}/{lane}/{i}", new BinaryData(batch));
            }
        }));
        var megabytes = Partitions * Appends * (double)batch.Length / 1e6;
        Add(round, megabytes, seconds, megabytes, Stopwatch.GetElapsedTime(start).TotalSeconds, ours, theirs, ratios);
    }

    Print($"{Answers(delay)}: produce, 64 KB batches of 1 KB records, 16 partitions", ours, "uploads of the same size, 16 at once", theirs, ratios);
}

// One partition of small and of large objects, read from its start by a node that has none of it in memory.
async Task ColdRead(int delay)
{
    foreach (var (name, records, appends) in new[] { ("4 MB segments", 62, 1_000), ("chunks of 256 KB", 250, 250) })
    {
        var container = $"cold-{delay}-{records}";
        await using (var writer = await StartAsync(container))
        {
            var partition = (await CreateAsync(writer, "cold", 1))[0];
            for (var i = 0; i < appends; i++)
            {
                await Load.AppendAsync(partition, Load.Batch(records, 1_024));
            }
        }

        var objects = service.GetBlobContainerClient(container).GetBlobs()
            .Where(blob => blob.Properties.ContentLength > 30_000).Select(blob => blob.Name).ToList();
        List<double> ours = [], theirs = [], ratios = [];
        for (var round = 0; round <= Rounds; round++)
        {
            await using var node = await StartAsync(container);
            var grains = node.Services.GetRequiredService<IGrainFactory>();
            var topic = (await grains.GetGrain<ITopicGrain>("cold").Describe()).Topic!;
            var partition = grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, 0).ToString());
            await partition.Offsets();
            var start = Stopwatch.GetTimestamp();
            var bytes = await Load.ReadAllAsync(partition, FetchBytes);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            start = Stopwatch.GetTimestamp();
            var read = 0L;
            await Parallel.ForEachAsync(objects, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (blob, cancellation) =>
            {
                var content = await service.GetBlobContainerClient(container).GetBlobClient(blob).DownloadContentAsync(cancellation);
                Interlocked.Add(ref read, content.Value.Content.ToMemory().Length);
            });
            var theirSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Add(round, bytes / 1e6, seconds, read / 1e6, theirSeconds, ours, theirs, ratios);
        }

        Print($"{Answers(delay)}: cold read of one partition, {name}, 1 MB at a time", ours, $"downloads of its {objects.Count} objects, {AtOnce} at once", theirs, ratios);
    }
}

async Task<WebApplication> StartAsync(string container)
{
    var node = LoireHost.Build(new NodeOptions
    {
        Storage = StoreKind.Azure,
        AzureConnection = connection,
        AzureContainer = container,
        Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
        LogLevel = LogLevel.Error,
    });
    await node.StartAsync();
    return node;
}

static async Task<IPartitionGrain[]> CreateAsync(WebApplication node, string name, int partitions)
{
    var grains = node.Services.GetRequiredService<IGrainFactory>();
    var created = await grains.GetGrain<ITopicGrain>(name).Create(new CreateTopicRequest(partitions, 1, [], false));
    Require(created.Error == ErrorCode.None);
    return [.. Enumerable.Range(0, partitions).Select(
        i => grains.GetGrain<IPartitionGrain>(new PartitionKey(created.Topic!.Name, created.Topic.Id, i).ToString()))];
}

static void Add(
    int round, double megabytes, double seconds, double theirMegabytes, double theirSeconds, List<double> ours, List<double> theirs, List<double> ratios)
{
    // The first round warms up.
    if (round > 0)
    {
        ours.Add(megabytes / seconds);
        theirs.Add(theirMegabytes / theirSeconds);
        ratios.Add(ours[^1] / theirs[^1]);
    }
}

static string Answers(int delay) => delay == 0 ? "answers at once" : $"answers {delay} ms late";

static void Require(bool holds)
{
    if (!holds)
    {
        throw new InvalidOperationException("A call failed.");
    }
}

static void Print(string what, List<double> ours, string beside, List<double> theirs, List<double> ratios) => Console.WriteLine(
    $"| {what} | {Median(ours):F0} MB/s | {beside}: {Median(theirs):F0} MB/s | {Median(ratios):F2} | ≥ 0.7 |");

static double Median(List<double> values)
{
    values.Sort();
    return values[values.Count / 2];
}
