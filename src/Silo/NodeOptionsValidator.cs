using System.ComponentModel.DataAnnotations;
using System.Net;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>Validates the annotations of <see cref="NodeOptions"/>, then the rules that span several properties.</summary>
internal sealed class NodeOptionsValidator : IValidateOptions<NodeOptions>
{
    public ValidateOptionsResult Validate(string? name, NodeOptions options)
    {
        foreach (var setting in NodeSetting.All)
        {
            if (!IsValid(setting, options))
            {
                return ValidateOptionsResult.Fail($"{nameof(NodeOptions)}.{setting.Property.Name} must be {setting.Declaration.Expected}.");
            }
        }

        var open = options.Endpoints.Concat(options.Http2Endpoints).Concat(options.KafkaEndpoints).FirstOrDefault(endpoint => !IPAddress.IsLoopback(endpoint.Address));
        if (options.OrleansDashboard && open is not null)
        {
            return ValidateOptionsResult.Fail(
                $"{open} can be reached from other machines, and --orleans-dashboard shows the state of all grains without authentication: "
                + "it needs all URLs to be of this machine.");
        }

        if (!options.Insecure && open is not null)
        {
            return ValidateOptionsResult.Fail(
                $"{open} can be reached from other machines, and there is no authentication yet: whoever reaches it can read, write and "
                + "delete everything. Say --insecure if that is meant.");
        }

        if (NodeMemory.Of(options) is var memory && memory.CacheBytes > memory.BudgetBytes / 4 * 3)
        {
            return ValidateOptionsResult.Fail(
                $"The cache of {memory.CacheBytes >> 20} MB leaves too little of the memory budget of {memory.BudgetBytes >> 20} MB: at most three "
                + "quarters of it. Set --memory-mb higher or --cache-mb lower.");
        }

        if (options.KafkaAdvertised.Count > 0 && options.KafkaAdvertised.Count != options.KafkaEndpoints.Count)
        {
            return ValidateOptionsResult.Fail(
                $"--kafka-advertised has {options.KafkaAdvertised.Count} addresses, and --kafka has {options.KafkaEndpoints.Count}: each needs one.");
        }

        var problem = StoreProblem(options) ?? ClusteringProblem(options);
        return problem is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problem);
    }

    private static string? StoreProblem(NodeOptions options) => options.Storage != StoreKind.Azure ? null : options switch
    {
        { AzureConnection: null, AzureAccount: null } => "The store azure needs --azure-connection, or LOIRE_AZURE_CONNECTION, or --azure-account.",
        { AzureConnection: not null, AzureAccount: not null } =>
            "The store azure is reached with a connection string or with an identity: set --azure-connection or --azure-account, not both.",
        _ => null,
    };

    private static string? ClusteringProblem(NodeOptions options)
    {
        string?[] tls = [options.TlsCertificate, options.TlsKey, options.TlsAuthority];
        if (tls.Contains(null) && tls.Any(file => file is not null))
        {
            return "TLS between silos needs all of --tls-cert, --tls-key and --tls-ca.";
        }

        if (!options.InsecureSilo && tls.Contains(null) && !IPAddress.IsLoopback(options.SiloAddress))
        {
            return $"{options.SiloAddress} can be reached from other machines, and anyone who reaches a silo can call every grain. "
                + "Set --tls-cert, --tls-key and --tls-ca, or say --insecure-silo if that is meant.";
        }

        if (options.Clustering == ClusteringKind.None)
        {
            return null;
        }

        if (options.Storage == StoreKind.File)
        {
            return "The nodes of a cluster share one store, and the store file is that of one node: partitions could not move to another. Set --storage azure.";
        }

        return NodeClustering.ConnectionProblem(options.Clustering, NodeClustering.ConnectionOf(options));
    }

    /// <summary>Throws an <see cref="OptionsValidationException"/> with one line about the first problem.</summary>
    public static void ThrowIfInvalid(NodeOptions options)
    {
        if (new NodeOptionsValidator().Validate(null, options) is { Failed: true, Failures: { } failures })
        {
            throw new OptionsValidationException(nameof(NodeOptions), typeof(NodeOptions), failures);
        }
    }

    /// <summary>Whether a property's value satisfies its annotations.</summary>
    public static bool IsValid(NodeSetting setting, NodeOptions options) =>
        setting.Property.Attributes.OfType<ValidationAttribute>().All(rule => rule.IsValid(setting.Property.GetValue(options)));
}

/// <summary>Accepts null, and absolute URLs with http or https.</summary>
internal sealed class HttpUrlAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is null or Uri { IsAbsoluteUri: true, Scheme: "http" or "https" };
}

/// <summary>Accepts null, and absolute URLs with https: an identity's token must not cross a network in the clear.</summary>
internal sealed class HttpsUrlAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is null or Uri { IsAbsoluteUri: true, Scheme: "https" };
}

/// <summary>Accepts null, and any text that the Azure SDK accepts as a connection string.</summary>
internal sealed class AzureConnectionStringAttribute : ValidationAttribute
{
    public override bool IsValid(object? value)
    {
        try
        {
            _ = value is string text ? new BlobServiceClient(text) : null;
            return true;
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException)
        {
            return false;
        }
    }
}

/// <summary>Accepts the address of one machine, not one that stands for all of them.</summary>
internal sealed class OneAddressAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is IPAddress address && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast);
}
