using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi.Tests;

/// <summary>The rules for bodies that hold on every route alike.</summary>
public sealed class RequestBodyTests
{
    [Fact]
    public async Task The_list_of_routes_with_a_body_is_complete()
    {
        await using var host = await ApiHost.StartAsync();
        var document = (await host.GetAsync("/openapi/v1.json")).Json;
        var described = from path in document.GetProperty("paths").EnumerateObject()
                        from operation in path.Value.EnumerateObject()
                        where operation.Value.TryGetProperty("requestBody", out _)
                            || (operation.Value.TryGetProperty("description", out var text) && text.GetString()!.StartsWith("The body says", StringComparison.Ordinal))
                        select $"{operation.Name.ToUpperInvariant()} {path.Name}";
        Assert.Equal(described.Order(), BodyRoute.All.Select(route => $"{route.Method} {route.Path}").Order());
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task A_byte_order_mark_before_JSON_is_skipped(int route, string name)
    {
        await using var host = await BodyRoute.StartAsync();
        var sent = BodyRoute.All[route];
        var answer = await sent.SendAsync(host, sent.PlainType, [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(sent.Body)]);
        AssertUnderstood(answer, name);
        if (sent.TakesRecords)
        {
            Assert.Equal("v", (await host.GetAsync("/v1/topics/t/partitions/0/records", "application/octet-stream")).Text);
        }
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task Every_spelling_of_JSON_in_UTF_8_is_JSON(int route, string name)
    {
        await using var host = await BodyRoute.StartAsync();
        var sent = BodyRoute.All[route];
        foreach (var type in new[]
        {
            "application/json; charset=utf-8", "application/json; charset=\"UTF-8\"", "application/json; charset=us-ascii", "Application/JSON",
            "text/json", "application/merge-patch+json", "application/vnd.example.v1+json; charset=utf-8",
        })
        {
            AssertUnderstood(await sent.SendAsync(host, type), $"{name} as {type}");
        }
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task A_body_of_another_type_is_refused_with_the_header_to_send(int route, string name)
    {
        await using var host = await BodyRoute.StartAsync();
        var sent = BodyRoute.All[route];
        string?[] types =
        [
            "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=iso-8859-1",
            "application/x+json; charset=utf-16",
        ];
        string?[] others = ["application/jsonl", "text/plain", "application/xml", null];
        foreach (var type in sent is { TakesRecords: true, IsV2: false } ? types : [.. types, .. others])
        {
            var answer = await sent.SendAsync(host, type);
            Assert.True(answer.Status == HttpStatusCode.UnsupportedMediaType, $"{name} as {type}: {(int)answer.Status} {answer.Text}");
            var detail = answer.Json.GetProperty(sent.IsV2 ? "message" : "detail").GetString()!;
            Assert.Contains(type?.Contains("charset", StringComparison.Ordinal) == true ? "UTF-8" : "Content-Type: application/", detail, StringComparison.Ordinal);
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Theory]
    [InlineData("application/x-ndjson")]
    [InlineData("application/ndjson")]
    [InlineData("application/jsonl")]
    [InlineData("application/x-jsonlines; charset=utf-8")]
    public async Task Every_name_of_NDJSON_is_NDJSON_and_a_byte_order_mark_is_skipped(string type)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.PostAsync("/v1/topics/t/records", type, "\ufeff{\"value\":\"a\"}\n{\"value\":\"b\"}\n");
        Assert.True(answer.Status == HttpStatusCode.OK && answer.Lines[^1].GetProperty("records_accepted").GetInt32() == 2, answer.Text);
    }

    [Fact]
    public async Task Bytes_that_are_values_keep_their_byte_order_mark()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        foreach (var type in new[] { "text/plain", "application/octet-stream", null })
        {
            byte[] body = [0xef, 0xbb, 0xbf, (byte)'a'];
            await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", type, body);
            Assert.Equal(body, (await host.GetAsync("/v1/topics/t/partitions/0/records", "application/octet-stream")).Body);
        }
    }

    [Fact]
    public async Task An_ill_formed_percent_escape_is_refused_on_every_route()
    {
        await using var host = await BodyRoute.StartAsync();
        var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints;
        foreach (var endpoint in endpoints.OfType<RouteEndpoint>())
        {
            var path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/');
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0];
            if (path.StartsWith("/openapi", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (var escape in new[] { "%zz", "%2", "%", "%ff", "%c3%28", "%ed%a0%80" })
            {
                var inQuery = BodyRoute.Fill(path) + "?after=" + escape;
                var inPath = path.Contains('{', StringComparison.Ordinal) ? path[..path.IndexOf('{')] + "a" + escape + BodyRoute.Fill(path[(path.IndexOf('}') + 1)..]) : inQuery;
                foreach (var target in new[] { inQuery, inPath })
                {
                    using var connection = await RawConnection.OpenAsync(host.Address);
                    await connection.SendAsync($"{method} {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    var answer = await connection.ReadToEndAsync();
                    Assert.True(answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal), $"{method} {target}: {answer}");
                    Assert.Contains("%25", answer, StringComparison.Ordinal);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task A_body_may_pause_as_long_as_the_idle_timeout(int route, string name)
    {
        var rate = new RecordedRate();
        await using var host = await BodyRoute.StartAsync(services: services => services.AddSingleton<IStartupFilter>(rate));
        await BodyRoute.All[route].SendAsync(host, BodyRoute.All[route].PlainType);
        Assert.True(rate.IsLifted, name);
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task A_body_that_pauses_longer_is_given_up_in_our_own_words(int route, string name)
    {
        await using var host = await BodyRoute.StartAsync(options => options.StreamIdleTimeout = TimeSpan.FromMilliseconds(100));
        var sent = BodyRoute.All[route];
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(
            $"{sent.Method} {BodyRoute.Fill(sent.Path)} HTTP/1.1\r\nHost: h\r\nContent-Type: {sent.PlainType}\r\nContent-Length: 500\r\n\r\n{sent.Body[..5]}");
        var answer = await connection.ReadUntilAsync("}");
        Assert.True(answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), $"{name}: {answer}");
        Assert.Contains("0.1 s", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("MinRequestBodyDataRate", answer, StringComparison.Ordinal);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
        Assert.Empty(host.Log.Lines);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-ndjson")]
    [InlineData("application/octet-stream")]
    [InlineData("application/vnd.loire.record-batches")]
    public async Task A_stream_of_known_length_that_pauses_is_given_up_too(string type)
    {
        await using var host = await BodyRoute.StartAsync(options => options.StreamIdleTimeout = TimeSpan.FromMilliseconds(100));
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(
            $"POST /v1/topics/t/records?partition=0 HTTP/1.1\r\nHost: h\r\nContent-Type: {type}\r\nContent-Length: 500\r\n\r\nabc");
        Assert.StartsWith("HTTP/1.1 408", await connection.ReadUntilAsync("}"), StringComparison.Ordinal);
        Assert.Empty(host.Log.Lines);
    }

    // Any other status is a grain's answer to a body that was understood.
    private static void AssertUnderstood(Answered answer, string name) =>
        Assert.False((int)answer.Status is 400 or 408 or 415 or 422 or 500, $"{name}: {(int)answer.Status} {answer.Text}");

    /// <summary>Stands for Kestrel's feature and keeps what is set.</summary>
    private sealed class RecordedRate : IStartupFilter, IHttpMinRequestBodyDataRateFeature
    {
        private volatile bool _isLifted;

        public bool IsLifted => _isLifted;

        public MinDataRate? MinDataRate
        {
            get => new(240, TimeSpan.FromSeconds(5));
            set => _isLifted |= value is null;
        }

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (context, rest) =>
            {
                context.Features.Set<IHttpMinRequestBodyDataRateFeature>(this);
                _isLifted = false;
                await rest(context);
            });
            next(app);
        };
    }
}
