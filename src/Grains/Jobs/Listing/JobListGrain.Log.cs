using Microsoft.Extensions.Logging;

namespace SyncCluster.Jobs.Listing;

internal sealed partial class JobListGrain
{
    [LoggerMessage(1010, LogLevel.Warning, "The jobs of {Customer} could not be listed.")]
    private partial void LogNotListed(Exception fault, string customer);
}
