using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SyncCluster.Gateway.Http;

namespace SyncCluster.Gateway.Tests.Http;

public sealed class ApiExceptionHandlerTests
{
    /// <summary>The last one is what Orleans throws when it has found no silo for a grain in time.</summary>
    public static TheoryData<Exception, int> Faults => new()
    {
        { new TimeoutException(), 503 },
        { new OrleansException(), 503 },
        { new OperationCanceledException(), 503 },
        { new InvalidOperationException(), 500 },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task A_fault_of_the_cluster_is_a_503_and_any_other_a_500(Exception fault, int status)
    {
        using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };

        Assert.True(await new ApiExceptionHandler(NullLogger<ApiExceptionHandler>.Instance).TryHandleAsync(context, fault, CancellationToken.None));
        Assert.Equal(status, context.Response.StatusCode);
    }
}
