using System.Globalization;
using Confluent.Kafka;

namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>Confluent.Kafka in this process.</summary>
internal sealed class ConfluentClient() : NumberClient("confluent", isIdempotent: true)
{
    private readonly CancellationTokenSource _writing = new();
    private readonly CancellationTokenSource _reading = new();
    private Task _writer = Task.CompletedTask;
    private Task _reader = Task.CompletedTask;
    private string _complaints = "";

    protected override string Complaints => _complaints;

    public override void Start(string bootstrap)
    {
        var settings = new ClientConfig { BootstrapServers = bootstrap, ReconnectBackoffMaxMs = 500 };
        _writer = Task.Run(() => WriteAsync(new ProducerConfig(settings) { EnableIdempotence = true, LingerMs = 5 }));
        _reader = Task.Run(() => Consume(new ConsumerConfig(settings)
        {
            GroupId = Topic,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            AutoCommitIntervalMs = 200,
            SessionTimeoutMs = 6_000,
            HeartbeatIntervalMs = 500,
        }));
    }

    public override async Task StopWritingAsync()
    {
        await _writing.CancelAsync();
        await _writer;
    }

    public override async ValueTask DisposeAsync()
    {
        await _writing.CancelAsync();
        await _reading.CancelAsync();
        await Task.WhenAll(_writer, _reader);
        _writing.Dispose();
        _reading.Dispose();
    }

    private async Task WriteAsync(ProducerConfig settings)
    {
        using var producer = new ProducerBuilder<Null, string>(settings).SetLogHandler((_, _) => { }).Build();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var number = 0L; !_writing.IsCancellationRequested; await pace.WaitForNextTickAsync())
        {
            for (var end = number + 10; number < end; number++)
            {
                var sent = number;
                producer.Produce(Topic, new Message<Null, string> { Value = sent.ToString(CultureInfo.InvariantCulture) }, delivery =>
                {
                    if (!delivery.Error.IsError)
                    {
                        Acknowledged.Add(sent);
                    }
                });
            }
        }

        producer.Flush(TimeSpan.FromSeconds(30));
    }

    private void Consume(ConsumerConfig settings)
    {
        using var consumer = new ConsumerBuilder<Ignore, string>(settings).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Subscribe(Topic);
        while (!_reading.IsCancellationRequested)
        {
            try
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record)
                {
                    Read.Add(long.Parse(record.Message.Value, CultureInfo.InvariantCulture));
                }
            }
            catch (ConsumeException failure)
            {
                _complaints = failure.Message;
            }
        }
    }
}
