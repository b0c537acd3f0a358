using System.Diagnostics;
using Azure.Storage.Blobs;
using Loire.Log.Tests.LogSuite;
using Loire.TestKit;
using Orleans.Storage;
using Xunit.Abstractions;

namespace Loire.Storage.Tests.Azurite;

/// <summary>What it costs to take over the log of a partition whose owner has died: its failover, once another silo has been told to.</summary>
public sealed class TakeoverTests(ITestOutputHelper output)
{
    private const int Takeovers = 20;
    private const int MostCalls = 16;
    private static readonly string Content = new('x', 1_000);

    [AzuriteFact]
    public void A_partition_of_a_dead_owner_takes_appends_again_after_a_few_calls_of_storage() => SingleThread.Run(async () =>
    {
        var container = AzuriteSilo.NewContainer();
        await using var silo = await AzuriteSilo.StartAsync(container);
        var counting = new CountingStorage(silo.Storage);
        var blobs = new BlobContainerClient((await AzuriteServer.SharedAsync()).ConnectionString, container);
        List<double> ours = [], bare = [];
        for (var i = 0; i < Takeovers; i++)
        {
            var bench = new LogBench(new Store(counting)).As($"takeover/{i}");
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(await bench.LeadAsync(), Content));
            (counting.Calls, bench.Cache) = (0, new(1_000_000));
            var begun = Stopwatch.GetTimestamp();
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(await bench.LeadAsync(), Content));
            ours.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            Assert.InRange(counting.Calls, 1, MostCalls);

            begun = Stopwatch.GetTimestamp();
            for (var call = 0; call < counting.Calls; call++)
            {
                // As many calls one after the other, a third of them writes, as above.
                var blob = blobs.GetBlobClient($"bare/{i}/{call}");
                _ = call % 3 == 0 ? (object)await blob.UploadAsync(BinaryData.FromString(Content)) : await blob.ExistsAsync();
            }

            bare.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        output.WriteLine($"{counting.Calls} calls, {Median(ours):F1} ms; as many of the bare SDK {Median(bare):F1} ms");
    });

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed class Store(IGrainStorage storage) : ILogStore
    {
        public IGrainStorage Storage => storage;

        public Task ReopenAsync() => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class CountingStorage(IGrainStorage inner) : IGrainStorage
    {
        public int Calls { get; set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Count(inner.ReadStateAsync(stateName, grainId, grainState));

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Count(inner.WriteStateAsync(stateName, grainId, grainState));

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Count(inner.ClearStateAsync(stateName, grainId, grainState));

        private Task Count(Task call)
        {
            Calls++;
            return call;
        }
    }
}
