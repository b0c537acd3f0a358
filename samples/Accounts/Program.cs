using Loire.Client;
using Loire.Samples.Accounts;
using Loire.Silo;
using Loire.WebApi.Hosting;

var builder = WebApplication.CreateBuilder(args);
var gateway = builder.Configuration.GetValue<int?>("gateway");
if (gateway is { } port)
{
    // Beside a process that has the node and the accounts.
    builder.UseOrleansClient(client => client.UseLocalhostClustering(port).UseLoireCluster());
}
else
{
    var data = Directory.CreateDirectory(builder.Configuration["data"] ?? "./data").FullName;
    builder.AddLoireNode(node =>
    {
        node.Data = Path.Combine(data, "loire");
        node.GatewayPort = builder.Configuration.GetValue("gateway-port", 0);
        node.GroupInitialRebalanceDelay = TimeSpan.Zero;
    });

    // The accounts are grains of the same silo, in a store of their own. Any grain storage that compares ETags and keeps what it has
    // acknowledged will do.
    builder.UseOrleans(silo => silo.AddFileGrainStorage("accounts", store => store.Directory = Path.Combine(data, "accounts")));
}

builder.Services.AddLoireProducer<string, Payment>(options => options.ValueSerializer = new JsonSerde<Payment>());
builder.Services.AddHostedService<PaymentConsumer>();

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
app.MapGet("/accounts/{name}", (string name, IGrainFactory grains) => grains.GetGrain<IAccountGrain>(name).GetAsync());
await app.RunAsync();
