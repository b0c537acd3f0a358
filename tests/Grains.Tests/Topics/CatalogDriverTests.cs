using System.Globalization;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Topics;

public class CatalogDriverTests
{
    [Fact]
    public void Concurrent_changes_share_a_write_and_see_each_other()
    {
        var bench = new TopicsBench();
        bench.Create("warm");
        var writes = 0;
        bench.Storage.Changed = _ => writes++;
        var announced = Enumerable.Range(0, 100)
            .Select(i => bench.Thread.Post(() => bench.Catalog.AnnounceAsync(TopicName.Parse((i % 2 == 0 ? "a." : "a_") + i / 2), false)))
            .ToList();
        bench.Thread.Run();

        Assert.Equal(50, announced.Count(one => one.Now().Error == ErrorCode.None));
        Assert.Equal(50, announced.Count(one => one.Now().Error == ErrorCode.InvalidTopicException));
        Assert.InRange(writes, 1, 10);
    }

    [Fact]
    public void No_reply_contains_state_that_is_not_durable()
    {
        var bench = new TopicsBench();
        bench.Create("a");
        var hold = new TaskCompletionSource();
        bench.Storage.Faults = async call =>
        {
            if (call.Operation == StorageOperation.Write)
            {
                await hold.Task.ConfigureAwait(false);
            }

            return StorageFault.None;
        };
        var gone = bench.Thread.Start(() => bench.Catalog.RecordAsync(TopicName.Parse("a"), false));
        var again = bench.Thread.Start(() => bench.Catalog.RecordAsync(TopicName.Parse("a"), false));
        var list = bench.Thread.Start(() => bench.Catalog.ListAsync("", 10));
        Assert.False(gone.IsCompleted || again.IsCompleted || list.IsCompleted);
        bench.Thread.After(hold.SetResult);
        Assert.Equal((ErrorCode.None, ErrorCode.None, 0), (gone.Now().Error, again.Now().Error, list.Now().Names.Length));
    }

    [Fact]
    public void A_catalog_that_moves_does_not_wait_for_its_topics()
    {
        var bench = new TopicsBench();
        bench.Create("t");
        var silent = new TaskCompletionSource();
        bench.BeforePartition = _ => silent.Task;
        var deleting = bench.Thread.Start(() => bench.Topic("t").DeleteAsync());
        var settling = bench.Thread.Start(async () =>
        {
            await bench.Catalog.SettleAsync();
            return true;
        });
        var sweeping = bench.Thread.Start(() => bench.Catalog.UnlessRetiredAsync(silent.Task));
        Assert.False(deleting.IsCompleted || settling.IsCompleted || sweeping.IsCompleted);
        bench.Thread.After(bench.Catalog.EndWaits);
        Assert.True(settling.IsCompletedSuccessfully);
        Assert.False(sweeping.Now());
        Assert.False(deleting.IsCompleted);
    }

    [Fact]
    public void After_a_failed_write_the_catalog_has_the_durable_state()
    {
        var bench = new TopicsBench();
        bench.Create("a");
        bench.Storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write ? StorageFault.Refuse(new StorageFullException("no space left")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, bench.Create("b").Error);
        Assert.Equal(ErrorCode.KafkaStorageError, bench.Thread.Finish(() => bench.Catalog.RecordAsync(TopicName.Parse("a"), false)).Error);
        Assert.Equal("a", bench.List());
        bench.Storage.Faults = null;
        Assert.Equal(ErrorCode.None, bench.Create("b").Error);
        Assert.Equal("a b", bench.List());
        Assert.Equal("a b", new TopicsBench(bench.Storage).List());
    }

    [Fact]
    public void Snapshots_under_load_lose_nothing()
    {
        var bench = new TopicsBench();
        for (var round = 0; round < 20; round++)
        {
            var creations = Enumerable.Range(0, 10)
                .Select(i => Name(10 * round + i))
                .Select(name => bench.Thread.Post(() => bench.Topic(name).CreateAsync(TopicsBench.Request(1))))
                .ToList();
            bench.Thread.Run();
            Assert.All(creations, creation => Assert.Equal(ErrorCode.None, creation.Now().Error));
        }

        var all = string.Join(' ', Enumerable.Range(0, 200).Select(Name));
        Assert.Equal((all, all), (bench.List(), new TopicsBench(bench.Storage).List()));

        static string Name(int number) => "t" + number.ToString("D3", CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(10_001)]
    public void A_page_size_out_of_range_is_rejected(int max)
    {
        var bench = new TopicsBench();
        Assert.Equal(ErrorCode.InvalidRequest, bench.Thread.Finish(() => bench.Catalog.ListAsync("", max)).Error);
    }

    [Fact]
    public void Only_the_newer_of_two_catalogs_changes_it_and_the_older_recovers()
    {
        var old = new TopicsBench();
        old.Create("a");
        var @new = new TopicsBench(old.Storage);
        @new.Create("b");
        Assert.Equal(ErrorCode.NotController, old.Thread.Finish(() => old.Catalog.AnnounceAsync(TopicName.Parse("c"), false)).Error);
        Assert.Equal("a b", old.List());
    }
}
