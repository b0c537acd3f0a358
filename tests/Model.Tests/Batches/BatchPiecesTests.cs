using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

/// <summary>Pieces of a fetch, of which some batches are left out.</summary>
public class BatchPiecesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Those_that_are_wanted_stay_however_the_bytes_are_divided(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 300; run++)
        {
            var batches = Enumerable.Range(0, random.Next(6)).Select(i => Of(i, random.Next(40))).ToArray();
            var pieces = Divide(batches.SelectMany(batch => batch).ToArray(), random);
            var wanted = batches.Select(_ => random.Next(3) > 0).ToArray();
            var kept = BatchPieces.Where(pieces, header => wanted[header.BaseOffset.Value]);
            Assert.Equal(batches.Where((_, i) => wanted[i]).SelectMany(batch => batch), kept.SelectMany(piece => piece.ToArray()));
            Assert.DoesNotContain(kept, piece => piece.IsEmpty && wanted.Contains(false));
            var end = random.Next(7);
            Assert.Equal(batches.Take(end).SelectMany(batch => batch), BatchPieces.Before(pieces, new Offset(end)).SelectMany(piece => piece.ToArray()));
        }
    }

    [Fact]
    public void If_all_are_wanted_nothing_is_allocated_for_them()
    {
        ReadOnlyMemory<byte>[] pieces = [Of(0, 5), Of(1, 7)];
        Assert.Same(pieces, BatchPieces.Where(pieces, _ => true));
        Assert.Empty(BatchPieces.Where(pieces, _ => false));
        Assert.Empty(BatchPieces.Where([], _ => false));
    }

    private static byte[] Of(int offset, int length)
    {
        using var builder = new RecordBatchBuilder();
        Assert.True(builder.Append(Timestamp.None, [], true, new byte[length], false));
        var batch = builder.Build().ToArray();
        RecordBatch.Stamp(batch, new Offset(offset), new LeaderEpoch(0), batch);
        return batch;
    }

    private static ReadOnlyMemory<byte>[] Divide(byte[] bytes, Random random)
    {
        var pieces = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(90));
            pieces.Add(bytes.AsMemory(at, length));
            at += length;
        }

        return [.. pieces];
    }
}
