using Loire.Client;
using Loire.Client.Hosting;
using Loire.Samples.Orders;
using Loire.Silo;
using Loire.WebApi.Hosting;

var builder = WebApplication.CreateBuilder(args);

// The node: a silo with Loire's grains and the embedded store, in this process.
builder.AddLoireNode(node =>
{
    node.Data = builder.Configuration["Data"] ?? "./data";
    // Groups need not wait for members in other processes.
    node.GroupInitialRebalanceDelay = TimeSpan.Zero;
});

// Before the handlers, which read these topics.
builder.Services.AddHostedService<Topics>();

// The client: typed producers, and a handler that runs while the service does.
builder.Services.AddLoireProducer<string, Order>(options => options.ValueSerializer = new JsonSerde<Order>());
builder.Services.AddLoireProducer<string, Invoice>(options => options.ValueSerializer = new JsonSerde<Invoice>());
builder.Services.AddLoireConsumer<OrderHandler, string, Order>("orders", options =>
{
    options.GroupId = "order-desk";
    options.ValueDeserializer = new JsonSerde<Order>();
    options.Concurrency = Concurrency.PerKey(16);
    options.DeadLetterTopic = "orders.dead";
});
builder.Services.AddLoireConsumer<InvoiceHandler, string, Invoice>("invoices", options => options.ValueDeserializer = new JsonSerde<Invoice>());
builder.Services.AddSingleton<Ledger>();
builder.Services.AddHealthChecks().AddLoire();

var app = builder.Build();
app.MapLoireApi();
app.MapPost("/orders", async (Order order, IProducer<string, Order> orders, CancellationToken cancellation) =>
{
    var delivered = await orders.ProduceAsync("orders", new Message<string, Order> { Key = order.Customer, Value = order }, cancellation);
    return Results.Accepted($"/customers/{order.Customer}", new { delivered.Partition, Offset = delivered.Offset.Value });
});
app.MapGet("/customers/{customer}", (string customer, Ledger ledger) => new { customer, owes = ledger.Owes(customer) });
await app.RunAsync();
