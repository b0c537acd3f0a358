using Loire.Samples.Accounts;
using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Loire.Samples.Tests.ExactlyOnce;

public sealed class AccountGrainTests
{
    [Theory]
    [InlineData(true, "a write that was stored, and whose answer was lost")]
    [InlineData(false, "a write that was refused")]
    public async Task A_retry_after_a_write_that_failed_has_its_effect_once(bool isStored, string reason)
    {
        var directory = Directory.CreateTempSubdirectory("loire-accounts-");
        await using var files = await FileGrainStorage.OpenAsync(
            new FileStoreOptions { Directory = directory.FullName }, TimeProvider.System, NullLogger.Instance);
        var storage = new FailingStorage(files);
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => silo.Services.AddKeyedSingleton<IGrainStorage>("accounts", storage));
        await using var cluster = builder.Build();
        await cluster.DeployAsync();
        var account = cluster.Client.GetGrain<IAccountGrain>("ann");
        await account.ApplyAsync("payments-0", [new Entry(0, 10), new Entry(0, 5), new Entry(4, 1)]);

        storage.NextFails = true;
        storage.IsStored = isStored;
        await Assert.ThrowsAsync<Orleans.Runtime.OrleansException>(() => account.ApplyAsync("payments-0", [new Entry(4, 1), new Entry(5, 100)]));
        await RetryAsync(() => account.ApplyAsync("payments-0", [new Entry(4, 1), new Entry(5, 100)]));
        await account.ApplyAsync("payments-1", [new Entry(0, 1000)]);

        var state = await account.GetAsync();
        Assert.True(state.Balance == 1116 && state.Entries == 5, $"{state} after {reason}");
        Assert.Equal(6, state.Next["payments-0"]);
        Assert.Equal(1, state.Next["payments-1"]);
        await cluster.StopAllSilosAsync();
        directory.Delete(recursive: true);
    }

    // As the consumer does: an activation that goes may fail a call, too.
    private static async Task RetryAsync(Func<Task> call)
    {
        for (var left = 10; ; left--)
        {
            try
            {
                await call();
                return;
            }
            catch (InconsistentStateException) when (left > 0)
            {
            }
        }
    }

    private sealed class FailingStorage(IGrainStorage inner) : IGrainStorage
    {
        public bool NextFails { get; set; }

        public bool IsStored { get; set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ReadStateAsync(stateName, grainId, grainState);

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ClearStateAsync(stateName, grainId, grainState);

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            if (!NextFails)
            {
                await inner.WriteStateAsync(stateName, grainId, grainState);
                return;
            }

            NextFails = false;
            if (IsStored)
            {
                // The caller does not get to know the new version.
                await inner.WriteStateAsync(stateName, grainId, new GrainState<T>(grainState.State, grainState.ETag));
            }

            throw new IOException("The disk does not answer.");
        }
    }
}
