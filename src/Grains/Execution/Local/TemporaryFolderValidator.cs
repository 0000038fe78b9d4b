using Microsoft.Extensions.Options;

namespace SyncCluster.Execution.Local;

/// <summary>Refuses to start where no script could: each gets a folder of its own among the temporary ones.</summary>
internal sealed class TemporaryFolderValidator : IValidateOptions<LocalExecutorOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LocalExecutorOptions options)
    {
        try
        {
            Directory.CreateTempSubdirectory("synccluster-").Delete();
            return ValidateOptionsResult.Success;
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            return ValidateOptionsResult.Fail(
                $"The folder for temporary files, {Path.GetTempPath()}, can't be written to: set TMPDIR in the environment to one that can, and that has room.");
        }
    }
}
