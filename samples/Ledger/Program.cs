using Loire.Client;
using Loire.Samples.Ledger;
using Loire.Silo;
using Loire.WebApi.Hosting;

var builder = WebApplication.CreateBuilder(args);
var data = Directory.CreateDirectory(builder.Configuration["data"] ?? "./data").FullName;
var gateway = builder.Configuration.GetValue<int?>("gateway");
if (gateway is { } port)
{
    // Beside a node.
    builder.UseOrleansClient(client => client.UseLocalhostClustering(port).UseLoireCluster());
}
else
{
    builder.AddLoireNode(node =>
    {
        node.Data = Path.Combine(data, "loire");
        node.GatewayPort = builder.Configuration.GetValue("gateway-port", 0);
        node.GroupInitialRebalanceDelay = TimeSpan.Zero;
    });
}

builder.Services.AddSingleton(
    builder.Configuration["postgres"] is { } postgres ? LedgerDatabase.Postgres(postgres) : LedgerDatabase.Sqlite(Path.Combine(data, "ledger.db")));
builder.Services.AddLoireProducer<string, Payment>(options => options.ValueSerializer = new JsonSerde<Payment>());
builder.Services.AddHostedService<Bookkeeper>();

var app = builder.Build();
if (gateway is null)
{
    app.MapLoireApi();
}

app.MapPost("/payments", async (Payment payment, IProducer<string, Payment> payments, CancellationToken cancellation) =>
{
    await payments.ProduceAsync("payments", new Message<string, Payment> { Key = payment.From, Value = payment }, cancellation);
    return Results.Accepted();
});
app.MapGet("/accounts", (LedgerDatabase ledger, CancellationToken cancellation) => ledger.ListAsync(cancellation));
await app.RunAsync();
