using System.Text;
using CsCheck;
using Loire.Storage.Objects;
using Xunit.Abstractions;

namespace Loire.Storage.Tests.Objects;

public class ObjectIndexTests(ITestOutputHelper output)
{
    [Fact]
    public void The_index_behaves_like_a_dictionary()
    {
        // Few keys and several lengths, so that slots and bytes of removed keys are used again.
        var keys = Gen.Select(Gen.Int[0, 300], Gen.Int[0, 40]).Select((number, length) => $"key-{number}{new string('x', length)}");
        var entries = Gen.Int.Select(seed => Entry(new Random(seed)));
        Gen.Select(keys, entries, Gen.Int[0, 2]).Array[1, 5_000].Sample(
            steps =>
            {
                var index = new ObjectIndex();
                var expected = new Dictionary<string, ObjectEntry>();
                foreach (var (key, entry, kind) in steps)
                {
                    var bytes = Encoding.UTF8.GetBytes(key);
                    var isKnown = expected.TryGetValue(key, out var before);
                    Assert.Equal(isKnown, kind == 0 ? index.Remove(bytes, out var previous) : index.Set(bytes, entry, out previous));
                    Assert.Equal(before, previous);
                    if (kind == 0)
                    {
                        expected.Remove(key);
                    }
                    else
                    {
                        expected[key] = entry;
                    }
                }

                Assert.Equal(expected.Count, index.Count);
                Assert.All(expected, pair => Assert.True(index.TryGet(Encoding.UTF8.GetBytes(pair.Key), out var found) && found == pair.Value));
                Assert.Equal(expected.OrderBy(item => item.Key), Walk(index).OrderBy(item => item.Key));
            },
            iter: 20);
    }

    [Fact]
    public void A_key_keeps_its_slot_while_others_are_added_and_removed()
    {
        var index = new ObjectIndex();
        index.Set("kept"u8, Entry(new Random(1)), out _);
        for (var i = 0; i < 20_000; i++)
        {
            index.Set(Encoding.UTF8.GetBytes($"key-{i}"), Entry(new Random(i)), out _);
            Assert.True(index.TryRead(0, out var key, out _));
            Assert.True(key.SequenceEqual("kept"u8));
        }
    }

    [Fact]
    public void Space_of_removed_keys_is_reused()
    {
        var index = new ObjectIndex();
        var entry = Entry(new Random(1));
        long after = 0;
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 20_000; i++)
            {
                index.Set(Encoding.UTF8.GetBytes($"round-{round:D2}-key-{i:D6}"), entry, out _);
            }

            for (var i = 0; i < 20_000; i++)
            {
                Assert.True(index.Remove(Encoding.UTF8.GetBytes($"round-{round:D2}-key-{i:D6}"), out _));
            }

            after = round == 0 ? index.Bytes : after;
        }

        Assert.Equal(0, index.Count);
        Assert.Equal(after, index.Bytes);
    }

    [Fact]
    public void An_object_takes_far_less_than_200_bytes()
    {
        var index = new ObjectIndex();
        const int Keys = 200_000;
        for (var i = 0; i < Keys; i++)
        {
            index.Set(Encoding.UTF8.GetBytes($"chunk\0log/0a1b2c3d4e5f60718293a4b5c6d7e8f9/7/{i:D16}"), Entry(new Random(i)), out _);
        }

        output.WriteLine($"{(double)index.Bytes / Keys:F0} bytes");
        Assert.True(index.Bytes < Keys * 140L);
    }

    private static Dictionary<string, ObjectEntry> Walk(ObjectIndex index)
    {
        var found = new Dictionary<string, ObjectEntry>();
        for (var slot = 0; slot < index.SlotCount; slot++)
        {
            if (index.TryRead(slot, out var key, out var entry))
            {
                found.Add(Encoding.UTF8.GetString(key), entry);
            }
        }

        return found;
    }

    private static ObjectEntry Entry(Random random) => new(
        (ulong)random.NextInt64(1, long.MaxValue),
        random.Next(1, int.MaxValue),
        random.NextInt64(1L << 32) * 8,
        (uint)random.NextInt64(1L << 32),
        (uint)random.NextInt64(1L << 32),
        random.Next(),
        random.Next(2) == 0);
}
