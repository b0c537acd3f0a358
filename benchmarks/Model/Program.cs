using System.Text;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Benchmarks;

// Prints a table: what the codec does in a second, what it allocates, and how that compares with copying the same bytes, all from one run.
// dotnet run -c Release --project benchmarks/Model
Console.WriteLine($"{"",-44}{"MB/s",10}{"of memcpy",11}{"records/s",13}{"bytes/record",14}");
Checksums();
Stamps();
foreach (var size in new[] { 100, 1000 })
{
    Records(size);
}

Codecs();
return;

static void Row(string what, Measure measure, long bytes, double memcpy, int records = 0, long own = 0)
{
    var speed = measure.MegabytesPerSecond(bytes);
    var line = new StringBuilder().Append($"{what,-44}{speed,10:N0}{speed / memcpy,11:P0}");
    if (records > 0)
    {
        line.Append($"{measure.PerSecond(records),13:N0}{(measure.AllocatedBytes - own) / records,14:N2}");
    }

    Console.WriteLine(line);
}

static double Memcpy(int bytes)
{
    var (from, to) = (new byte[bytes], new byte[bytes]);
    return Measure.Of(() => from.AsSpan().CopyTo(to)).MegabytesPerSecond(bytes);
}

static void Checksums()
{
    foreach (var size in new[] { 256, 4 << 10, 64 << 10, 1 << 20 })
    {
        var data = new byte[size];
        new Random(1).NextBytes(data);
        var memcpy = Memcpy(size);
        Console.WriteLine($"{$"memcpy, {size} bytes",-44}{memcpy,10:N0}");
        Row($"CRC-32C, {size} bytes", Measure.Of(() => Crc32C.Compute(data)), size, memcpy);
    }
}

static void Stamps()
{
    var batch = Batch(640, 100, CompressionType.None);
    var header = new byte[RecordBatch.HeaderSize];
    var stamp = Measure.Of(() => RecordBatch.Stamp(batch, new Offset(5), new LeaderEpoch(1), header));
    var restamp = Measure.Of(() => RecordBatch.Restamp(batch, new Offset(5), new LeaderEpoch(1), new Timestamp(9), header));
    Console.WriteLine($"{"stamp a 64 KB batch",-44}{stamp.Nanoseconds,10:N0} ns");
    Console.WriteLine($"{"restamp it (log append time)",-44}{restamp.Nanoseconds,10:N0} ns");
}

// Batches of about 64 KB, as a producer sends them.
static void Records(int size)
{
    var count = 64_000 / size;
    var batch = Batch(count, size, CompressionType.None);
    var memcpy = Memcpy(batch.Length);
    using var builder = new RecordBatchBuilder();
    var values = Values(count, size);
    var build = Measure.Of(() => Fill(builder, values).Build());
    var check = Measure.Of(() => RecordBatch.TryReadProduced(batch, batch.Length, out _, out _));
    Row($"build, {count} records of {size} bytes", build, batch.Length, memcpy, count, batch.Length);
    Row("  append only", Measure.Of(() => Fill(builder, values).Reset()), batch.Length, memcpy, count);
    Row("  check as a broker does", check, batch.Length, memcpy, count);
    Row("  read every record", Measure.Of(() => Read(batch)), batch.Length, memcpy, count);
}

static void Codecs()
{
    // A megabyte of records that look like log lines.
    var batch = Batch(8_000, 120, CompressionType.None);
    var size = batch.Length - RecordBatch.HeaderSize;
    var memcpy = Memcpy(size);
    foreach (var codec in Enum.GetValues<CompressionType>().Where(c => c != CompressionType.None))
    {
        using var builder = new RecordBatchBuilder();
        using var decompressor = new BatchDecompressor();
        var values = Values(8_000, 120);
        var append = Measure.Of(() => Fill(builder, values).Reset());
        var build = Measure.Of(() => Fill(builder, values).Build(codec));
        var compressed = Batch(8_000, 120, codec);
        var compress = new Measure(build.Nanoseconds - append.Nanoseconds, build.AllocatedBytes);
        var ratio = compressed.Length / (double)batch.Length;
        Row($"{codec}: compress to {ratio:P0}", compress, size, memcpy, 8_000, compressed.Length);
        Row($"{codec}: decompress", Measure.Of(() => Decompress(decompressor, compressed)), size, memcpy, 8_000);
    }
}

static RecordBatchBuilder Fill(RecordBatchBuilder builder, byte[][] values)
{
    for (var i = 0; i < values.Length; i++)
    {
        builder.Append(new Timestamp(1_700_000_000_000 + i), values[i].AsSpan(0, 8), false, values[i], false);
    }

    return builder;
}

static byte[] Batch(int count, int size, CompressionType codec)
{
    using var builder = new RecordBatchBuilder();
    return Fill(builder, Values(count, size)).Build(codec).ToArray();
}

static byte[][] Values(int count, int size)
{
    var random = new Random(1);
    string[] levels = ["INFO", "INFO", "WARN", "DEBUG"];
    string[] actions = ["accepted a connection from", "closed the session of", "stored an object for", "was asked for metadata by"];
    var values = new byte[count][];
    for (var i = 0; i < count; i++)
    {
        var text = new StringBuilder();
        while (text.Length < size)
        {
            var (level, action) = (levels[random.Next(4)], actions[random.Next(4)]);
            text.Append($"{1_700_000_000 + i} {level} node-{random.Next(20)} {action} {random.Next():x8}; ");
        }

        values[i] = Encoding.ASCII.GetBytes(text.ToString(0, size));
    }

    return values;
}

static long Read(ReadOnlySpan<byte> bytes)
{
    RecordBatch.TryRead(bytes, out var batch);
    var reader = new RecordReader(batch, batch.Payload);
    long sum = 0;
    while (reader.MoveNext())
    {
        sum += reader.Current.Value.Length;
    }

    return sum;
}

static int Decompress(BatchDecompressor decompressor, ReadOnlySpan<byte> bytes)
{
    RecordBatch.TryRead(bytes, out var batch);
    decompressor.TryDecompress(batch, out var records);
    return records.Length;
}
