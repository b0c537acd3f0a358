using System.Text.RegularExpressions;
using Orleans.Runtime;

namespace Orleans.Configuration;

/// <summary>Ends the start of a silo whose blob storage is not configured.</summary>
internal sealed partial class AzureBlobStorageOptionsValidator(AzureBlobStorageOptions options, string name) : IConfigurationValidator
{
    /// <inheritdoc/>
    public void ValidateConfiguration()
    {
        if (options.BlobServiceClient is null)
        {
            throw new OrleansConfigurationException(
                $"The blob storage {name} has no account: set {nameof(AzureBlobStorageOptions.BlobServiceClient)}.");
        }

        if (options.ContainerName is not { Length: >= 3 and <= 63 } container || !ContainerName().IsMatch(container))
        {
            throw new OrleansConfigurationException(
                $"The blob storage {name} cannot use the container '{options.ContainerName}': the name must have 3 to 63 lower-case letters, "
                + "digits and single hyphens.");
        }
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*\\z")]
    private static partial Regex ContainerName();
}
