using Loire.Coordination.Compaction;
using Loire.Model;

namespace Loire.Coordination.Tests.Compaction;

public class OffsetMapTests
{
    [Fact]
    public void It_has_the_last_offset_of_each_key_and_no_other_key()
    {
        var map = new OffsetMap(OffsetMap.SlotsFor(1_000));
        for (var i = 0; i < 3_000; i++)
        {
            Assert.True(map.TrySet(BitConverter.GetBytes(i % 1_000), new Offset(i)));
        }

        Assert.Equal(1_000, map.Count);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(map.TryGet(BitConverter.GetBytes(i), out var last));
            Assert.Equal(new Offset(2_000 + i), last);
        }

        Assert.False(map.TryGet(BitConverter.GetBytes(1_000), out _));
        Assert.False(map.TryGet([], out _));
    }

    [Fact]
    public void A_full_map_refuses_new_keys_and_still_updates_the_ones_that_it_has()
    {
        var map = new OffsetMap(5);
        Assert.Equal(4, map.Capacity);
        for (byte key = 0; key < 4; key++)
        {
            Assert.True(map.TrySet([key], Offset.Zero));
        }

        Assert.False(map.TrySet([4], new Offset(1)));
        Assert.True(map.TrySet([3], new Offset(2)));
        Assert.True(map.TryGet([3], out var last));
        Assert.Equal(new Offset(2), last);
        Assert.False(map.TryGet([4], out _));
    }

    [Fact]
    public void A_full_map_that_is_enlarged_keeps_its_keys_and_takes_more()
    {
        var map = new OffsetMap(5);
        for (byte key = 0; key < 4; key++)
        {
            Assert.True(map.TrySet([key], new Offset(key)));
        }

        var larger = map.Enlarged(10);
        Assert.Equal((10, 4, 8), (larger.Slots, larger.Count, larger.Capacity));
        for (byte key = 4; key < 8; key++)
        {
            Assert.True(larger.TrySet([key], new Offset(key)));
        }

        Assert.All(Enumerable.Range(0, 8), key => Assert.True(larger.TryGet([(byte)key], out var last) && last == new Offset(key)));
        Assert.False(map.TryGet([4], out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => map.Enlarged(4));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(1_000_000)]
    public void A_map_made_for_a_number_of_keys_holds_them(int keys) => Assert.True(new OffsetMap(OffsetMap.SlotsFor(keys)).Capacity >= keys);
}
