using Confluent.Kafka;
using Loire.Kafka.Clients.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;
using Wolverine.Kafka;

namespace Loire.Kafka.Ecosystem.Tests;

/// <summary>Wolverine's transport over Kafka: it makes its topics, and a message that one service publishes is handled by another.</summary>
public sealed class WolverineTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    private const int Messages = 20;

    [Fact]
    public async Task Messages_of_one_service_are_handled_by_another()
    {
        var handled = new Handled();
        using var receiver = await StartAsync(
            options => options.ListenToKafkaTopic("colors").ProcessInline(), consumer => consumer.AutoOffsetReset = AutoOffsetReset.Earliest, handled);
        using var sender = await StartAsync(options => options.PublishMessage<Color>().ToKafkaTopic("colors").SendInline(), _ => { }, new Handled());
        var bus = sender.Services.GetRequiredService<IMessageBus>();
        for (var i = 0; i < Messages; i++)
        {
            await bus.PublishAsync(new Color($"color {i}"));
        }

        Assert.Equal(Enumerable.Range(0, Messages).Select(i => $"color {i}").Order(), (await handled.All(Messages)).Order());
        await sender.StopAsync();
        await receiver.StopAsync();
    }

    private async Task<IHost> StartAsync(Action<WolverineOptions> route, Action<ConsumerConfig> consume, Handled handled)
    {
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders())
            .UseWolverine(options =>
            {
                options.UseKafka(node.Bootstrap).AutoProvision().ConfigureConsumers(consume);
                options.Discovery.DisableConventionalDiscovery().IncludeType<ColorHandler>();
                options.Services.AddSingleton(handled);
                options.Policies.DisableConventionalLocalRouting();
                route(options);
            })
            .Build();
        await host.StartAsync();
        return host;
    }
}

/// <summary>A message.</summary>
public sealed record Color(string Name);

/// <summary>What was handled.</summary>
public sealed class Handled
{
    private readonly List<string> _names = [];
    private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _wanted = int.MaxValue;

    public void Add(string name)
    {
        lock (_names)
        {
            _names.Add(name);
            Check();
        }
    }

    public async Task<IReadOnlyList<string>> All(int count)
    {
        lock (_names)
        {
            _wanted = count;
            Check();
        }

        await _enough.Task.WaitAsync(TimeSpan.FromMinutes(1));
        return _names;
    }

    private void Check()
    {
        if (_names.Count >= _wanted)
        {
            _enough.TrySetResult();
        }
    }
}

/// <summary>Handles colors.</summary>
public sealed class ColorHandler(Handled handled)
{
    public void Handle(Color color) => handled.Add(color.Name);
}
