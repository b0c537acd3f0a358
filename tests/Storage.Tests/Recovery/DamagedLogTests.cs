using System.Text;
using Loire.Log;
using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.Storage.Objects;
using Loire.Storage.Tests.Disks;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Tests.Recovery;

/// <summary>A log whose stored bytes change under the file store.</summary>
public sealed class DamagedLogTests
{
    private const string LogId = "damaged/0";

    [Fact]
    public void A_read_of_a_damaged_object_has_its_version_and_its_bytes_and_the_version_deletes_it() => SingleThread.Run(async () =>
    {
        var disk = new LossyDisk();
        await using (var store = Open(disk))
        {
            await store.WriteAsync("key", Encoding.UTF8.GetBytes("a needle in the store"));
        }

        Flip(disk, "needle");
        await using var damaged = Open(disk);
        for (var round = 0; round < 2; round++)
        {
            var state = new GrainState<StoredObject>();
            await Assert.ThrowsAsync<StorageDamagedException>(
                () => damaged.ReadStateAsync("state", GrainId.Create("test", "key"), state));
            Assert.StartsWith("a ", Encoding.UTF8.GetString(state.State!.Pieces.Single().Span), StringComparison.Ordinal);
            Assert.Equal("1", state.ETag);
            Assert.True(state.RecordExists);
        }

        await damaged.ClearAsync("key", "1");
        Assert.Null(await damaged.ReadAsync("key"));
    });

    [Fact]
    public void A_flipped_bit_of_a_record_in_the_last_chunk_moves_no_offset_after_a_crash() => SingleThread.Run(async () =>
    {
        var disk = new LossyDisk();
        LossyDisk crashed;
        await using (var store = Open(disk))
        {
            var log = await LeadAsync(store);
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "first"));
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "needle", "other"));
            await store.MaintainAsync();
            crashed = disk.Clone();
        }

        Flip(crashed, "needle");
        await using var again = Open(crashed);
        var reader = New(again);
        Assert.Equal(ErrorCode.None, await reader.OpenAsync(CancellationToken.None));
        Assert.Equal(3, reader.LogEndOffset.Value);
        Assert.Equal(ErrorCode.CorruptMessage, (await reader.ReadAsync(new Offset(1), 1000, CancellationToken.None)).Error);
        var next = await LeadAsync(again);
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(next, "next"));
        Assert.Equal(["3:next"], await LogBench.ReadAllAsync(next, 3));
    });

    [Fact]
    public void A_log_with_a_flipped_bit_in_any_of_its_objects_can_be_deleted() => SingleThread.Run(async () =>
    {
        var disk = new LossyDisk();
        await using (var store = Open(disk))
        {
            var log = await LeadAsync(store);
            for (var i = 0; i < 6; i++)
            {
                Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
            }

            await log.DisposeAsync();
        }

        var bytes = disk.Read("00000001.store");
        var objects = 0;
        for (var at = 0; at < bytes.Length - 44; at++)
        {
            if (Encoding.ASCII.GetString(bytes, at, 4) is not ("LOBJ" or "LHED"))
            {
                continue;
            }

            objects++;
            var changed = (byte[])bytes.Clone();
            changed[at + 40] ^= 8;
            var damaged = disk.Clone();
            damaged.Put("00000001.store", changed);
            await using var store = Open(damaged);
            Assert.Equal(ErrorCode.None, await New(store).DeleteAsync(CancellationToken.None));
            Assert.Equal((at, 0L), (at, store.Statistics.Objects));
        }

        Assert.InRange(objects, 5, 30);
    });

    private static void Flip(LossyDisk disk, string text)
    {
        var bytes = disk.Read("00000001.store");
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
        Assert.True(at > 0);
        bytes[at] ^= 1;
        disk.Put("00000001.store", bytes);
    }

    private static FileGrainStorage Open(LossyDisk disk) => FileGrainStorage.Open(
        disk, new FileStoreOptions { Directory = "memory", AllocationStep = 4096, ReserveBytes = 4096 }, new ManualTime(), NullLogger.Instance);

    private static PartitionLog New(FileGrainStorage store) => new(
        store, LogId, LogBench.NewWriter(), new PartitionLogOptions { TailChunks = 8 }, new ObjectCache(0), TimeProvider.System);

    private static async Task<PartitionLog> LeadAsync(FileGrainStorage store)
    {
        var log = New(store);
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        return log;
    }
}
