using System.Diagnostics.Metrics;
using Loire.Log;
using Loire.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;
using Xunit.Abstractions;

namespace Loire.Storage.Tests;

/// <summary>The store in a real directory.</summary>
public sealed class FileGrainStorageTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(nameof(FileStoreOptions.Directory), " ")]
    [InlineData(nameof(FileStoreOptions.SyncInterval), "-1")]
    [InlineData(nameof(FileStoreOptions.FileBytes), 1L)]
    [InlineData(nameof(FileStoreOptions.PendingBytes), 0L)]
    [InlineData(nameof(FileStoreOptions.CheckpointBytes), 0L)]
    [InlineData(nameof(FileStoreOptions.ReclaimLiveShare), 1.5)]
    [InlineData(nameof(FileStoreOptions.BackgroundBytesPerSecond), 1L)]
    public async Task An_invalid_option_is_rejected_by_its_name(string name, object value)
    {
        var options = new FileStoreOptions { Directory = _directory.Path };
        var property = typeof(FileStoreOptions).GetProperty(name)!;
        property.SetValue(options, name == nameof(FileStoreOptions.SyncInterval) ? TimeSpan.FromSeconds(-1) : value);
        var error = await Assert.ThrowsAsync<ArgumentException>(() => FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_is_created_only_below_an_existing_one()
    {
        await using (await _directory.OpenStoreAsync(options => options.Directory = Path.Combine(_directory.Path, "new")))
        {
        }

        var error = await Assert.ThrowsAsync<DirectoryNotFoundException>(
            () => _directory.OpenStoreAsync(options => options.Directory = Path.Combine(_directory.Path, "no", "such")));
        Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_open_is_refused_with_the_owner_named()
    {
        await using var store = await _directory.OpenStoreAsync();
        var error = await Assert.ThrowsAnyAsync<IOException>(() => _directory.OpenStoreAsync());
        Assert.Contains($"in use by process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_store_releases_its_directory()
    {
        for (var i = 0; i < 3; i++)
        {
            await using var store = await _directory.OpenStoreAsync();
            await store.WriteAsync($"key-{i}", [1]);
            Assert.Equal(i + 1, store.Statistics.Objects);
        }
    }

    [Fact]
    public async Task Foreign_files_in_the_directory_are_left_alone()
    {
        var note = Path.Combine(_directory.Path, "note.txt");
        await File.WriteAllTextAsync(note, "mine");
        await using (var store = await _directory.OpenStoreAsync())
        {
            await store.WriteAsync("key", [1]);
        }

        Assert.Equal("mine", await File.ReadAllTextAsync(note));
    }

    [Fact]
    public async Task Keys_beyond_their_bounds_are_rejected()
    {
        await using var store = await _directory.OpenStoreAsync();
        var state = new GrainState<StoredObject> { State = new StoredObject() };
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteStateAsync("a\0b", GrainId.Create("t", "k"), state));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteStateAsync("s", GrainId.Create("t", new string('k', 4096)), state));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteStateAsync("s", GrainId.Create("t", "k"), new GrainState<StoredObject> { State = null! }));
    }

    [Fact]
    public async Task An_ETag_of_another_provider_does_not_match()
    {
        await using var store = await _directory.OpenStoreAsync();
        var state = new GrainState<StoredObject> { State = new StoredObject(), ETag = "\"0x8DB\"" };
        await Assert.ThrowsAsync<InconsistentStateException>(() => store.WriteStateAsync("s", GrainId.Create("t", "k"), state));
    }

    [Fact]
    public async Task Space_of_replaced_and_deleted_objects_is_reclaimed_while_readers_and_writers_continue()
    {
        var seed = Seeds.Next(output);
        await using var store = await _directory.OpenStoreAsync(options =>
        {
            options.FileBytes = 256 * 1024;
            options.CheckpointBytes = 128 * 1024;
            options.ReleaseStepBytes = 16 * 1024;
        });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            var random = new Random(seed + writer);
            var values = new Dictionary<string, (byte[] Value, string ETag)>();
            for (var i = 0; i < 600; i++)
            {
                var key = $"{writer}-{random.Next(20)}";
                var value = new byte[random.Next(1, 8_000)];
                random.NextBytes(value);
                values[key] = (value, await store.WriteAsync(key, value, values.GetValueOrDefault(key).ETag));
                var (read, check) = values.ElementAt(random.Next(values.Count));
                Assert.Equal(check.Value, await store.ReadAsync(read));
                if (random.Next(200) == 0)
                {
                    await store.MaintainAsync();
                }
            }
        })));
        await store.MaintainAsync();
        await store.MaintainAsync();
        var statistics = store.Statistics;
        Assert.True(statistics.BytesReclaimed > statistics.BytesWritten / 2, statistics.ToString());
        Assert.True(statistics.FileBytes < (statistics.LiveBytes * 3) + (512 * 1024), statistics.ToString());
        Assert.Equal(StoreCondition.Ok, store.Health.Condition);
        Assert.Equal(statistics.Files, Directory.GetFiles(_directory.Path, "*.store").Length);
    }

    [Fact]
    public async Task A_store_opens_to_the_same_content_with_or_without_its_checkpoint()
    {
        var values = new Dictionary<string, byte[]>();
        await using (var store = await _directory.OpenStoreAsync(options => options.FileBytes = 64 * 1024))
        {
            for (var i = 0; i < 300; i++)
            {
                values[$"key-{i}"] = new byte[i];
                await store.WriteAsync($"key-{i}", values[$"key-{i}"]);
                if (i == 150)
                {
                    await store.MaintainAsync();
                }
            }
        }

        for (var round = 0; round < 2; round++)
        {
            await using var store = await _directory.OpenStoreAsync(options => options.FileBytes = 64 * 1024);
            foreach (var (key, value) in values)
            {
                Assert.Equal(value, await store.ReadAsync(key));
            }

            File.Delete(Path.Combine(_directory.Path, "index.checkpoint"));
        }
    }

    [Fact]
    public async Task A_silo_opens_the_store_under_its_name_and_closes_it_at_its_end()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo.UseLocalhostClustering(Ports.Free(), Ports.Free()).AddFileGrainStorage("files", options => options.Directory = _directory.Path));
        using (var host = builder.Build())
        {
            await host.StartAsync();
            var store = host.Services.GetRequiredKeyedService<FileGrainStorage>("files");
            Assert.Same(store, host.Services.GetRequiredKeyedService<IGrainStorage>("files"));
            await store.WriteAsync("key", [1]);
            await host.StopAsync();
        }

        await using var again = await _directory.OpenStoreAsync();
        Assert.Equal([1], await again.ReadAsync("key"));
    }

    [Fact]
    public async Task A_store_that_silos_share_outlives_them()
    {
        await using var store = await _directory.OpenStoreAsync();
        for (var i = 0; i < 2; i++)
        {
            var builder = Host.CreateApplicationBuilder();
            builder.Logging.ClearProviders();
            builder.UseOrleans(silo => silo.UseLocalhostClustering(Ports.Free(), Ports.Free()).AddFileGrainStorage("files", store));
            using var host = builder.Build();
            await host.StartAsync();
            Assert.Same(store, host.Services.GetRequiredKeyedService<IGrainStorage>("files"));
            await host.StopAsync();
        }

        await store.WriteAsync("key", [1]);
    }

    [Fact]
    public async Task Statistics_are_instruments_of_the_meter()
    {
        await using var store = await _directory.OpenStoreAsync();
        await store.WriteAsync("key", [1, 2, 3]);
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        StoreMetrics.Publish(store, meters);
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == StoreMetrics.MeterName && instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = Math.Max(value, seen.GetValueOrDefault(instrument.Name)));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = Math.Max(value, seen.GetValueOrDefault(instrument.Name)));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.True(seen["loire.storage.syncs"] >= 1);
        Assert.True(seen["loire.storage.objects"] >= 1);
        Assert.True(seen["loire.storage.written"] > 0);
        Assert.Contains("loire.storage.condition", seen.Keys);
    }
}
