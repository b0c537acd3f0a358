using Loire.Log;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace Loire.Storage.Tests.Processes;

/// <summary>Real processes on a real disk, killed and lied to by the operating system.</summary>
public sealed class ProcessTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_second_process_is_rejected_and_learns_which_process_owns_the_directory()
    {
        using var owner = Child.Start(null, "hold", _directory.Path);
        Assert.Equal("open", await owner.ReadLineAsync());
        using (var second = Child.Start(null, "hold", _directory.Path))
        {
            var line = Assert.Single(await second.ReadToEndAsync());
            Assert.StartsWith("refused", line, StringComparison.Ordinal);
            Assert.Matches("in use by process [0-9]+", line);
        }

        await owner.EndAsync();
        await using var store = await _directory.OpenStoreAsync();
    }

    [Fact]
    public async Task Killed_again_and_again_under_load_a_store_keeps_every_acknowledged_write()
    {
        var seed = Seeds.Next(output);
        var random = new Random(seed);
        var expectation = new LoadExpectation();
        for (var round = 0; round < 8; round++)
        {
            var load = $"load{round}";
            expectation.Begin(load);
            using (var child = Child.Start(null, "load", _directory.Path, load, "1000000"))
            {
                for (var lines = random.Next(1, 2_000); lines > 0 && await child.ReadLineAsync() is { } line; lines--)
                {
                    expectation.Note(line);
                }

                child.Kill();
                foreach (var line in await child.ReadToEndAsync())
                {
                    expectation.Note(line);
                }
            }

            await using var store = await FileGrainStorage.OpenAsync(ChildProgram.Options(_directory.Path), TimeProvider.System, NullLogger.Instance);
            await expectation.CheckAsync(store, $"round {round}");
            Assert.Equal(0, store.Health.DamagedObjects);
        }

        output.WriteLine($"{expectation.Acknowledged} writes acknowledged");
    }

    [StraceTheory]
    [InlineData("fdatasync", 8)]
    [InlineData("fdatasync", 25)]
    [InlineData("fsync", 2)]
    [InlineData("pwrite64,pwritev", 12)]
    [InlineData("pwrite64,pwritev", 40)]
    [InlineData("rename", 2)]
    [InlineData("ftruncate", 2)]
    [InlineData("unlink", 2)]
    public async Task Killed_at_a_system_call_a_store_keeps_every_acknowledged_write(string call, int number)
    {
        var expectation = new LoadExpectation();
        expectation.Begin("load");
        using (var child = Child.Start($"{call}:signal=SIGKILL:when={number}", "load", _directory.Path, "load", "300"))
        {
            foreach (var line in await child.ReadToEndAsync())
            {
                Assert.False(line.StartsWith("health", StringComparison.Ordinal), "The child came to its end unharmed.");
                expectation.Note(line);
            }
        }

        await using var store = await FileGrainStorage.OpenAsync(ChildProgram.Options(_directory.Path), TimeProvider.System, NullLogger.Instance);
        await expectation.CheckAsync(store, $"killed at {call} {number}");
    }

    [StraceTheory]
    [InlineData("fdatasync", 3)]
    [InlineData("fdatasync", 4)]
    [InlineData("fdatasync", 9)]
    [InlineData("fdatasync,fsync", 12)]
    public async Task A_failed_sync_is_detected_acknowledges_nothing_and_stops_all_writes(string call, int number)
    {
        List<string> lines;
        using (var child = Child.Start($"{call}:error=EIO:when={number}", "count", _directory.Path, "20"))
        {
            lines = await child.ReadToEndAsync();
        }

        output.WriteLine(string.Join('\n', lines));
        var acknowledged = lines.FindAll(line => line.StartsWith("ack", StringComparison.Ordinal));
        var failed = lines.FindAll(line => line.StartsWith("error", StringComparison.Ordinal));
        if (lines[0] == "open")
        {
            Assert.NotEmpty(failed);
            Assert.All(failed, line => Assert.EndsWith(nameof(StorageBrokenException), line, StringComparison.Ordinal));
            Assert.Equal(20, acknowledged.Count + failed.Count);
            Assert.Equal("health Broken", lines[^1]);

            // Acknowledged first, then nothing any more; and reads go on.
            Assert.Equal(acknowledged, lines.Skip(1).Take(acknowledged.Count));
            Assert.Equal(acknowledged.Count, lines.Count(line => line.StartsWith("read", StringComparison.Ordinal) && line.EndsWith("True", StringComparison.Ordinal)));
        }
        else
        {
            Assert.StartsWith("refused", Assert.Single(lines), StringComparison.Ordinal);
        }

        await using var store = await FileGrainStorage.OpenAsync(ChildProgram.Options(_directory.Path), TimeProvider.System, NullLogger.Instance);
        for (var i = 0; i < acknowledged.Count; i++)
        {
            Assert.Equal(BitConverter.GetBytes(i), await store.ReadAsync($"count-{i}"));
        }
    }

    [TmpfsFact]
    public async Task On_a_full_device_writes_are_refused_reads_continue_and_writes_resume_when_space_returns()
    {
        using var tmpfs = new Tmpfs(8);
        var directory = Path.Combine(tmpfs.Path, "store");
        var ballast = Path.Combine(tmpfs.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[2 * 1024 * 1024]);
        var options = new FileStoreOptions { Directory = directory, FileBytes = 1024 * 1024, CheckpointBytes = 1024 * 1024 };
        await using (var store = await FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance))
        {
            var written = await FillAsync(store);
            Assert.Equal(StoreCondition.Full, store.Health.Condition);
            Assert.True(written > 50);

            // Deletes are taken, and make room by themselves once their files are rewritten.
            for (var i = 0; i < 20; i++)
            {
                await store.ClearAsync($"fill-{i}", (await EtagAsync(store, $"fill-{i}"))!);
            }

            File.Delete(ballast);
            await store.WriteAsync("after", new byte[50_000]);
            Assert.Equal(StoreCondition.Ok, store.Health.Condition);
            for (var i = 20; i < written; i++)
            {
                Assert.Equal(50_000, (await store.ReadAsync($"fill-{i}"))!.Length);
            }
        }

        await using var again = await FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
        Assert.NotNull(await again.ReadAsync("after"));
        Assert.Null(await again.ReadAsync("fill-0"));
        Assert.Null(await again.ReadAsync("refused"));
    }

    private static async Task<int> FillAsync(FileGrainStorage store)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                await store.WriteAsync($"fill-{i}", new byte[50_000]);
            }
            catch (StorageFullException)
            {
                await Assert.ThrowsAsync<StorageFullException>(() => store.WriteAsync("refused", new byte[50_000]));
                return i;
            }
        }
    }

    private static async Task<string?> EtagAsync(FileGrainStorage store, string key)
    {
        var state = new GrainState<StoredObject>();
        await store.ReadStateAsync("state", GrainId.Create("test", key), state);
        return state.ETag;
    }
}
