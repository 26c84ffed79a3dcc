return SdStudio.Server.Commands.CommandLine.Run(args);
