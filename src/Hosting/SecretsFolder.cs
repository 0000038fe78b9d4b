using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;

namespace SyncCluster.Hosting;

/// <summary>
/// Settings from files, for secrets: a folder in which each file has the name of a setting and holds its value, as Docker and Kubernetes mount them.
/// </summary>
internal static class SecretsFolder
{
    public const string Setting = "Secrets:Folder";

    /// <summary>Adds the folder that <see cref="Setting"/> names, if it names one. Its files win over all other sources.</summary>
    /// <exception cref="OptionsValidationException">The folder can't be read.</exception>
    public static void AddSecretsFolder(this IConfigurationManager configuration)
    {
        if (configuration[Setting] is not { Length: > 0 } folder)
        {
            return;
        }

        try
        {
            configuration.AddKeyPerFile(source =>
            {
                // Kubernetes replaces a link behind the files, of which no event of the file system tells.
                source.FileProvider = new PhysicalFileProvider(Path.GetFullPath(folder)) { UsePollingFileWatcher = true, UseActivePolling = true };
                source.ReloadOnChange = true;
            });
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new OptionsValidationException(Setting, typeof(string), [$"{Setting} must name a folder whose files can be read. {unreadable.Message}"]);
        }
    }
}
