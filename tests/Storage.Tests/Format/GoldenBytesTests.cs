using Loire.Storage.Format;

namespace Loire.Storage.Tests.Format;

/// <summary>The bytes on the disk, written down: a change of a format is a change of this file, and needs a way to read the old one.</summary>
public class GoldenBytesTests
{
    private static readonly Guid _store = new("00112233-4455-6677-8899-aabbccddeeff");

    private static readonly RecordHead _put = new(RecordKind.Put, 5, 1000, 0xDEADBEEF, 0x0102030405060708, 0x1000, 0x0F00, 0);

    private static readonly RecordHead _delete = new(RecordKind.Delete, 5, 0, 0, 77, 0x2000, 0x1FF8, 3);

    [Fact]
    public void A_seed_depends_on_the_store_and_the_file()
    {
        Assert.Equal(0x9856E9D0u, FileHeader.Seed(_store, 1));
        Assert.NotEqual(FileHeader.Seed(_store, 1), FileHeader.Seed(_store, 2));
    }

    [Fact]
    public void A_put() => Assert.Equal(
        "4C524543AF9A361408070605040302010010000000000000000F000000000000E8030000EFBEADDE00000000050001007300742F6B", Head(_put));

    [Fact]
    public void A_delete() => Assert.Equal(
        "4C524543525DF4B14D000000000000000020000000000000F81F000000000000000000000000000003000000050002007300742F6B", Head(_delete));

    [Fact]
    public void A_file_header()
    {
        var header = new FileHeader(_store, 3, [new SealedFile(1, 4096), new SealedFile(2, 123_456_789_012)]);
        Assert.Equal("4C4F49524553543193B44E3F4800000033221100554477668899AABBCCDDEEFF030000000200000001000000000000000010000000000000"
            + "0200000000000000141A99BE1C000000", Convert.ToHexString(header.ToBytes()));
    }

    [Fact]
    public void A_header_of_a_file_of_keys()
    {
        var bytes = new byte[KeyBlock.FileHeaderSize];
        KeyBlock.WriteFileHeader(bytes, _store, 3, 72);
        Assert.Equal("4C4F4952454B45599D7C98580300000033221100554477668899AABBCCDDEEFF4800000000000000", Convert.ToHexString(bytes));
    }

    [Fact]
    public void A_block_of_keys()
    {
        var block = new byte[KeyBlock.HeaderSize + 56];
        _put.Write(block.AsSpan(KeyBlock.HeaderSize), "s\0t/k"u8, FileHeader.Seed(_store, 3));
        KeyBlock.WriteHeader(block, 0x3000, FileHeader.Seed(_store, 3));
        Assert.Equal("4C4B455985D91BBA003000000000000038000000000000004C524543AF9A361408070605040302010010000000000000000F000000000000"
            + "E8030000EFBEADDE00000000050001007300742F6B000000", Convert.ToHexString(block));
    }

    [Fact]
    public void A_checkpoint_header()
    {
        var header = new CheckpointHeader(_store, 99, 3, 5000, 640, (2, 800), [
            new CheckpointedFile(1, true, 40, 4096, new Dictionary<int, long> { [1] = 64 }),
            new CheckpointedFile(3, false, 72, 5000, new Dictionary<int, long>()),
        ]);
        Assert.Equal("4C4F4952454944581D376B539000000033221100554477668899AABBCCDDEEFF630000000000000003000000020000008813000000000000"
            + "8002000000000000200300000000000002000000010000000100000001000000280000000000000000100000000000000300000000000000"
            + "4800000000000000881300000000000001000000010000004000000000000000", Convert.ToHexString(header.ToBytes()));
        var read = CheckpointHeader.TryRead(header.ToBytes())!;
        Assert.Equal((header.NextSequence, header.StartFile, header.StartPosition), (read.NextSequence, read.StartFile, read.StartPosition));
        Assert.Equal((header.KeysPosition, header.UnknownBefore), (read.KeysPosition, read.UnknownBefore));
        Assert.Equal(64, read.Files[0].Tombstones[1]);
    }

    [Theory]
    [InlineData("00000001.store", 1)]
    [InlineData("12345678.store", 12_345_678)]
    [InlineData("123456789.store", 123_456_789)]
    [InlineData("1.store", 0)]
    [InlineData("00000000.store", 0)]
    [InlineData("-0000001.store", 0)]
    [InlineData("00000001.store.tmp", 0)]
    [InlineData("00000001.keys", 0)]
    public void A_name_of_a_store_file(string name, int number)
    {
        Assert.Equal(number > 0, FileNames.TryParseStore(name, out var parsed));
        Assert.True(number == 0 || (parsed == number && FileNames.Store(number) == name));
    }

    private static string Head(in RecordHead head)
    {
        var key = "s\0t/k"u8;
        var bytes = new byte[RecordHead.Size + key.Length];
        var seed = FileHeader.Seed(_store, 3);
        head.Write(bytes, key, seed);
        Assert.Equal(bytes.Length, RecordHead.HeadBytes(bytes));
        Assert.True(RecordHead.TryRead(bytes, seed, head.Position, out var read));
        Assert.Equal(head, read);
        Assert.False(RecordHead.TryRead(bytes, seed, head.Position + 8, out _));
        Assert.False(RecordHead.TryRead(bytes, seed + 1, head.Position, out _));
        return Convert.ToHexString(bytes);
    }
}
