using System.Globalization;
using System.Text.Json;
using Confluent.Kafka;
using Loire.Model.Tests.Clients;

namespace Loire.Doors.Tests;

/// <summary>The .NET client.</summary>
internal sealed class DotNetDoor(Client.LoireClient client) : IDoor
{
    public string? CannotWrite(DoorRecord record) => null;

    public async Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records)
    {
        await using var producer = client.CreateProducer<byte[], byte[]>();
        foreach (var record in records)
        {
            var headers = new Client.Headers(record.Headers.Select(header => new Client.Header(
                header.Name, header.Value is null ? default(ReadOnlyMemory<byte>?) : Convert.FromBase64String(header.Value))));
            await producer.EnqueueAsync(topic, new Client.Message<byte[], byte[]>
            {
                Key = Bytes(record.Key),
                Value = Bytes(record.Value),
                Headers = headers,
                Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(record.Timestamp),
            });
        }

        await producer.FlushAsync();
    }

    public async Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count)
    {
        List<DoorRecord> read = [];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var consumer = client.CreateConsumer<byte[], byte[]>(new() { AutoOffsetReset = Model.OffsetSpec.Earliest });
        await consumer.AssignAsync([new Model.TopicPartition(topic, 0)]);
        await foreach (var record in consumer.ConsumeAsync(patience.Token))
        {
            read.Add(new DoorRecord(
                record.Offset.Value, Text(record.Key), record.IsTombstone ? null : Text(record.Value), record.UnixTimeMilliseconds,
                [.. record.Headers.Select(header => new DoorHeader(header.Key, header.Value is { } value ? Convert.ToBase64String(value.Span) : null))]));
            if (read.Count == count)
            {
                break;
            }
        }

        return read;
    }

    private static byte[]? Bytes(string? base64) => base64 is null ? null : Convert.FromBase64String(base64);

    private static string? Text(byte[]? bytes) => bytes is null ? null : Convert.ToBase64String(bytes);
}

/// <summary>Confluent.Kafka, with a codec and with or without a transaction.</summary>
internal sealed class ConfluentDoor(string bootstrap, CompressionType codec, bool isTransactional = false) : IDoor
{
    public string? CannotWrite(DoorRecord record) => null;

    public Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            CompressionType = codec,
            TransactionalId = isTransactional ? $"door-{topic}" : null,
        }).Build();
        if (isTransactional)
        {
            producer.InitTransactions(TimeSpan.FromSeconds(30));

            // What is aborted is not there for those who read what is committed.
            producer.BeginTransaction();
            producer.Produce(new TopicPartition(topic, 0), new Message<byte[], byte[]> { Key = [1], Value = [2] });
            producer.Flush(TimeSpan.FromSeconds(30));
            producer.AbortTransaction(TimeSpan.FromSeconds(30));
            producer.BeginTransaction();
        }

        foreach (var record in records)
        {
            var headers = new Headers();
            foreach (var header in record.Headers)
            {
                headers.Add(header.Name, Bytes(header.Value));
            }

            producer.Produce(
                new TopicPartition(topic, 0),
                new Message<byte[], byte[]> { Key = Bytes(record.Key)!, Value = Bytes(record.Value)!, Headers = headers, Timestamp = new Timestamp(record.Timestamp, TimestampType.CreateTime) },
                report => Assert.False(report.Error.IsError, report.Error.Reason));
        }

        Assert.Equal(0, producer.Flush(TimeSpan.FromMinutes(1)));
        if (isTransactional)
        {
            producer.CommitTransaction(TimeSpan.FromSeconds(30));
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count)
    {
        List<DoorRecord> read = [];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = $"door-{topic}", EnableAutoCommit = false }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        while (read.Count < count)
        {
            var result = consumer.Consume(patience.Token);
            read.Add(new DoorRecord(
                result.Offset.Value, Text(result.Message.Key), Text(result.Message.Value), result.Message.Timestamp.UnixTimestampMs,
                [.. result.Message.Headers.Select(header => new DoorHeader(header.Key, Text(header.GetValueBytes())))]));
        }

        consumer.Close();
        return Task.FromResult<IReadOnlyList<DoorRecord>>(read);
    }

    private static byte[]? Bytes(string? base64) => base64 is null ? null : Convert.FromBase64String(base64);

    private static string? Text(byte[]? bytes) => bytes is null ? null : Convert.ToBase64String(bytes);
}

/// <summary>kafkajs.</summary>
internal sealed class KafkaJsDoor(string bootstrap, string codec) : IDoor
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public string? CannotWrite(DoorRecord record) =>
        record.Headers.Any(header => header.Value is null) ? "it writes a header without a value as one without bytes"
        : record.Headers.GroupBy(header => header.Name).Any(group => group.Count() > 1) ? "it writes headers of one name behind each other, whatever stood between them"
        : null;

    public Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, JsonSerializer.Serialize(records, Json));
        Run("write", topic, codec, file);
        File.Delete(file);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count) => Task.FromResult<IReadOnlyList<DoorRecord>>(
        JsonSerializer.Deserialize<DoorRecord[]>(Run("read", topic, count.ToString(CultureInfo.InvariantCulture)), Json)!);

    public DoorRecord AsRead(DoorRecord record) => record with
    {
        // Headers are an object by name.
        Headers = [.. record.Headers.GroupBy(header => header.Name).SelectMany(group => group)],
    };

    private string Run(params string[] arguments) =>
        Installed.Output("node", [Path.Combine(Installed.KafkaJsFolder!, "doors.js"), bootstrap, .. arguments]);
}

/// <summary>kcat, for records that are text.</summary>
internal sealed class KcatDoor(string bootstrap) : IDoor
{
    public string? CannotWrite(DoorRecord record) => "its input is lines of text, without timestamps";

    public Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records) => throw new NotSupportedException();

    public Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count)
    {
        // %R and %S are the lengths of what follows, −1 without a key or a value; bytes as they are would not survive as text, so they are told by their lengths.
        var lines = Installed.Output("kcat", "-b", bootstrap, "-C", "-q", "-t", topic, "-p", "0", "-o", "beginning", "-c", $"{count}", "-X", "check.crcs=true", "-f", "%o %T %K %S\n");
        return Task.FromResult<IReadOnlyList<DoorRecord>>([.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            var parts = line.Split(' ');
            return new DoorRecord(
                long.Parse(parts[0], CultureInfo.InvariantCulture), parts[2], parts[3], long.Parse(parts[1], CultureInfo.InvariantCulture), []);
        })]);
    }

    public DoorRecord AsRead(DoorRecord record) => record with { Key = Length(record.Key), Value = Length(record.Value), Headers = [] };

    private static string Length(string? base64) => (base64 is null ? -1 : Convert.FromBase64String(base64).Length).ToString(CultureInfo.InvariantCulture);
}
