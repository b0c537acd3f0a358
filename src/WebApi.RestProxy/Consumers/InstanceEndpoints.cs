using Loire.Model;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary><c>/consumers/{group}</c>: creates and deletes consumer instances.</summary>
internal sealed class InstanceEndpoints(IGrainFactory grains, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/consumers/{group}", V2Requests.Handle(CreateAsync))
            .Describe(
                "v2CreateInstance",
                "v2: creates a consumer instance",
                "All members are optional; format is binary, json or text, auto.offset.reset is latest, earliest or none, numbers and truth values "
                    + "may be texts. Any node serves the instance. It ends after five minutes without a request for records.")
            .TakesV2<V2CreateInstanceJson>(isOptional: true).AnswersV2<V2InstanceJson>().FailsV2(400, 409, 415, 422);
        routes.MapDelete(ConsumerInstance.Path, ConsumerInstance.Handle(grains, DeleteAsync))
            .Describe(
                "v2DeleteInstance",
                "v2: deletes a consumer instance",
                "It leaves the group; its delivered records are committed first if it commits automatically, as by Kafka's close.")
            .AnswersNothing().FailsV2(404);
    }

    private async Task<V2Error?> CreateAsync(HttpContext context)
    {
        if (GroupRoute.TryRead(context, out var group) is { } problem)
        {
            return V2Error.From(problem);
        }

        var (wanted, error) = await V2Requests.ReadAsync<V2CreateInstanceJson>(context, options.Value.MaxDocumentBytes);
        if (error is not null)
        {
            return error;
        }

        var host = context.Connection.RemoteIpAddress?.ToString() ?? "";
        error = InstanceSettings.TryRead(wanted ?? new V2CreateInstanceJson(), host, out var name, out var settings);
        if (error is not null)
        {
            return error;
        }

        var made = await ConsumerInstance.Of(grains, group, name).Grain.Create(settings);
        return made.Error != ErrorCode.None
            ? V2Error.From(made.Error, made.Detail)
            : await V2Requests.AnswerAsync(
                context, new V2InstanceJson(name, BaseUri(context.Request, group, name)));
    }

    private static async Task<V2Error?> DeleteAsync(HttpContext context, ConsumerInstance instance)
    {
        var error = await instance.Grain.Close(hasFinished: true);
        return error == ErrorCode.None ? V2Requests.NoContent(context) : V2Error.FromConsumer(error, null);
    }

    // The host that the client or a trusted proxy named, such as a load balancer. An HTTP/1.0 client need not name one.
    private static string BaseUri(HttpRequest request, GroupId group, string name) =>
        (request.Host.HasValue ? $"{request.Scheme}://{request.Host.ToUriComponent()}" : "")
        + $"{request.PathBase}/consumers/{Uri.EscapeDataString(group.Value)}/instances/{name}";
}
