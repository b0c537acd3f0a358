using System.Reflection;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Requests;

/// <summary>
/// The JSON body of a typed handler. ASP.NET's own binding follows the host's serializer options and swallows the reason of a failure; this
/// one is as strict as <see cref="DocumentJson"/> and refuses with a problem that names the place.
/// </summary>
internal sealed record Body<T>(T Value) : IBindableFromHttpContext<Body<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var options = context.RequestServices.GetRequiredService<IOptions<LoireApiOptions>>().Value;
        var (value, problem) = await JsonBody.ReadAsync<T>(context, options.MaxDocumentBytes);
        return value is not null
            ? new Body<T>(value)
            : throw new RefusedRequestException(problem ?? ApiProblem.BadRequest("The body is empty; it must be a JSON object."));
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new BodyTypes([MediaTypes.Json], typeof(T)));
}

/// <summary>The JSON body of a typed handler that works without one; null if there is none.</summary>
internal sealed record OptionalBody<T>(T? Value) : IBindableFromHttpContext<OptionalBody<T>>, IEndpointParameterMetadataProvider
    where T : class
{
    public static async ValueTask<OptionalBody<T>?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        new(RequestBody.IsPresent(context) ? (await Body<T>.BindAsync(context, parameter))?.Value : null);

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new BodyTypes([MediaTypes.Json], typeof(T)) { IsOptional = true });
}
