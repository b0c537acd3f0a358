using Loire.Client;
using Loire.Client.Hosting;

namespace Loire.Samples.Orders;

/// <summary>Writes an invoice for each order. An order that makes no sense ends in the dead letter topic.</summary>
public sealed class OrderHandler(IProducer<string, Invoice> invoices) : IMessageHandler<string, Order>
{
    public async ValueTask HandleAsync(ConsumeContext<string, Order> context, CancellationToken cancellation)
    {
        var order = context.Value ?? throw new InvalidOperationException("An order must not be empty.");
        if (order.Count < 1)
        {
            throw new InvalidOperationException($"{order.Count} pieces of {order.Item} cannot be sold.");
        }

        var invoice = new Message<string, Invoice> { Key = order.Customer, Value = new Invoice(order.Customer, order.Count * order.Price) };
        await invoices.ProduceAsync("invoices", invoice, cancellation);
    }
}

public sealed class InvoiceHandler(Ledger ledger) : IMessageHandler<string, Invoice>
{
    public ValueTask HandleAsync(ConsumeContext<string, Invoice> context, CancellationToken cancellation)
    {
        ledger.Add(context.Value!);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Creates the topics once, before what is started after it.</summary>
public sealed class Topics(IAdminClient admin) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var topic in new[] { "orders", "invoices", "orders.dead" })
        {
            try
            {
                await admin.CreateTopicAsync(new NewTopic(topic, PartitionsCount: 4), cancellation: cancellationToken);
            }
            catch (LoireException exists) when (exists.Code == ErrorCode.TopicAlreadyExists)
            {
                // From an earlier start.
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
