import { startS3 } from './s3-server.ts';

/** `node s3-main.ts <folder> <port>`: the S3 server of the tests as a process that can be killed. */
const [folder = '', port = '0'] = process.argv.slice(2);
const server = await startS3({ folder, port: Number(port) });
process.stdout.write(`${server.url}\n`);
