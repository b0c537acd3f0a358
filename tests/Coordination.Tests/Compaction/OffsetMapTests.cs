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

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(1_000_000)]
    public void A_map_made_for_a_number_of_keys_holds_them(int keys) => Assert.True(new OffsetMap(OffsetMap.SlotsFor(keys)).Capacity >= keys);
}
