using System.IO.Compression;

namespace Loire.Model.Codecs;

/// <summary>
/// gzip by the base class library: any number of members in a row, whose checksums it checks. It takes the end of the input for the end
/// of the data wherever it comes, so a stream that is cut off decodes to less; the records that are missing then are found by
/// <c>RecordReader</c>.
/// </summary>
internal static class Gzip
{
    private const int MinMember = 18;
    private const int Chunk = 64 * 1024;

    public static unsafe ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (source.Length < MinMember)
        {
            return ErrorCode.CorruptMessage;
        }

        fixed (byte* start = source)
        {
            try
            {
                using var input = new UnmanagedMemoryStream(start, source.Length);
                using var stream = new GZipStream(input, CompressionMode.Decompress);
                while (output.TryMakeRoom(Chunk))
                {
                    var count = stream.Read(output.Free);
                    if (count == 0)
                    {
                        return ErrorCode.None;
                    }

                    output.Advance(count);
                }

                return ErrorCode.MessageTooLarge;
            }
            catch (InvalidDataException)
            {
                // The library has no other way to say that the bytes are not gzip.
                return ErrorCode.CorruptMessage;
            }
        }
    }

    public static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        using var sink = new Sink(output);
        using var stream = new GZipStream(sink, CompressionLevel.Optimal);
        stream.Write(data);
    }

    /// <summary>
    /// The most that <paramref name="length"/> bytes can encode to: a fixed Huffman code takes at most 9 bits for a byte.
    /// </summary>
    public static int MaxEncoded(int length) => length + (length / 8) + 1024;

    private sealed class Sink(BoundedBuffer output) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            output.Reserve(buffer.Length);
            buffer.CopyTo(output.Free);
            output.Advance(buffer.Length);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
